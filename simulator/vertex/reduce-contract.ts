/**
 * Writes `contract.json`: the schemas of Vertex AI's generateContent, countTokens and predict, cut out of Google's discovery document.
 * `tsx simulator/vertex/reduce-contract.ts aiplatform.v1.json`; the document is in the Python package
 * google-api-python-client, under `googleapiclient/discovery_cache/documents/`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "GoogleCloudAiplatformV1";
const ROOTS = [
  "GenerateContentRequest",
  "GenerateContentResponse",
  "CountTokensRequest",
  "CountTokensResponse",
  "PredictRequest",
  "PredictResponse",
];
const KEPT = ["type", "properties", "items", "additionalProperties", "enum", "format", "$ref"];

type Json = Record<string, unknown>;

const document = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as { revision: string; schemas: Json };
const schemas: Record<string, unknown> = {};

function reduce(schema: Json, isProperties = false): Json {
  const entries = Object.entries(schema)
    .filter(([key]) => isProperties || KEPT.includes(key))
    .map(([key, value]) => {
      if (key === "$ref" && !isProperties) return [key, include(String(value))];
      const nested = value !== null && typeof value === "object" && !Array.isArray(value);
      return [key, nested ? reduce(value as Json, key === "properties" && !isProperties) : value];
    });
  return Object.fromEntries(entries) as Json;
}

function include(name: string): string {
  const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  if (!(short in schemas)) {
    schemas[short] = {};
    schemas[short] = reduce(document.schemas[name] as Json);
  }
  return short;
}

for (const root of ROOTS) include(PREFIX + root);
const lines = Object.entries(schemas).map(
  ([name, schema]) => `    ${JSON.stringify(name)}: ${JSON.stringify(schema)}`,
);
const text = `{
  "source": "https://aiplatform.googleapis.com/$discovery/rest?version=v1",
  "revision": "${document.revision}",
  "schemas": {
${lines.join(",\n")}
  }
}
`;
writeFileSync(join(__dirname, "contract.json"), text);
