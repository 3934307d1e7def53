/**
 * `npx tsx tests/support/discovery/prune.ts FOLDER`: takes what the tests need of Google's discovery documents from the folder
 * `googleapiclient/discovery_cache/documents` of PyPI's google-api-python-client (Apache-2.0), without the descriptions.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Discovery, Method, Schema } from "./document";

/** Documents by file name; of Compute Engine only these collections. */
const DOCUMENTS: Record<string, string[] | "all"> = {
  "artifactregistry.v1": ["projects"],
  "billingbudgets.v1": "all",
  "cloudresourcemanager.v1": ["projects"],
  "cloudscheduler.v1": ["projects"],
  "compute.beta": [
    ...[
      "addresses",
      "disks",
      "firewalls",
      "globalAddresses",
      "images",
      "instances",
      "machineTypes",
      "diskTypes",
    ],
    ...["networks", "regions", "resourcePolicies", "routers", "routes", "subnetworks", "zones", "projects"],
    ...["globalOperations", "regionOperations", "zoneOperations"],
  ],
  "dns.v1beta2": "all",
  "iam.v1": ["projects"],
  "iap.v1": "all",
  "logging.v2": ["projects", "sinks"],
  // Of its projects, what the stack makes.
  "monitoring.v3": ["alertPolicies", "notificationChannels", "uptimeCheckConfigs"],
  "pubsub.v1": ["projects"],
  "redis.v1beta1": ["projects"],
  "run.v2": ["projects"],
  "secretmanager.v1": ["projects"],
  "servicenetworking.v1": ["services", "operations"],
  "serviceusage.v1beta1": "all",
  "sqladmin.v1beta4": ["instances", "databases", "users", "operations", "connect", "backupRuns"],
  "storage.v1": ["buckets", "objects"],
};

interface RawMethod {
  id: string;
  httpMethod: string;
  path: string;
  flatPath?: string;
  parameters?: Record<string, { location: string; pattern?: string }>;
  request?: { $ref: string };
}

interface RawResource {
  methods?: Record<string, RawMethod>;
  resources?: Record<string, RawResource>;
}

interface RawSchema extends Omit<
  Schema,
  "properties" | "items" | "additionalProperties" | "output" | "required"
> {
  description?: string;
  readOnly?: boolean;
  annotations?: { required?: string[] };
  properties?: Record<string, RawSchema>;
  items?: RawSchema;
  additionalProperties?: RawSchema;
}

interface Raw {
  revision: string;
  servicePath: string;
  parameters: Record<string, unknown>;
  schemas: Record<string, RawSchema>;
  resources: Record<string, RawResource>;
}

function methodsOf(resource: RawResource): Method[] {
  const own = Object.values(resource.methods ?? {}).map(
    ({ id, httpMethod, path, flatPath, parameters = {}, request }) => {
      const named = (location: string) =>
        Object.keys(parameters)
          .filter((name) => parameters[name]!.location === location)
          .sort();
      return {
        id,
        verb: httpMethod,
        // A resource of any kind matches as many segments as its name has.
        path: Object.values(parameters).some(({ pattern }) => pattern === "^.*$") ? path : (flatPath ?? path),
        query: named("query"),
        inPath: named("path"),
        ...(request ? { request: request.$ref } : {}),
      };
    },
  );
  return [...own, ...Object.values(resource.resources ?? {}).flatMap(methodsOf)];
}

function schemaOf({
  description = "",
  readOnly,
  annotations,
  properties,
  items,
  additionalProperties,
  ...raw
}: RawSchema): Schema {
  const { $ref, type, format, enum: values } = raw as Schema;
  return {
    ...($ref ? { $ref } : {}),
    ...(type ? { type } : {}),
    ...(format ? { format } : {}),
    ...(values ? { enum: values } : {}),
    ...(readOnly || /^\[?output[ -]only/i.test(description) ? { output: true as const } : {}),
    ...(/^required\b(?! (?:if|for)\b)/i.test(description) ? { required: true as const } : {}),
    ...(annotations?.required ? { requiredBy: annotations.required } : {}),
    ...(properties ? { properties: mapValues(properties, schemaOf) } : {}),
    ...(items ? { items: schemaOf(items) } : {}),
    ...(additionalProperties ? { additionalProperties: schemaOf(additionalProperties) } : {}),
  };
}

function mapValues<A, B>(object: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** Names of the schemas that these need, and those that they need. */
function reachable(names: string[], schemas: Record<string, Schema>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const [, ref] of JSON.stringify(schemas[name]).matchAll(/"\$ref":"([^"]+)"/g)) visit(ref!);
  };
  names.forEach(visit);
  return found;
}

function prune(raw: Raw, wanted: string[] | "all"): Discovery {
  const { projects } = raw.resources;
  // A document may have a collection twice: `instances` and `projects.instances`.
  const all = [
    ...(wanted.includes("projects") ? [] : Object.entries(projects?.resources ?? {})),
    ...Object.entries(raw.resources),
  ];
  const resources = all.filter(([name, resource]) =>
    wanted === "all" ? raw.resources[name] === resource : wanted.includes(name),
  );
  const methods = resources.flatMap(([, resource]) => methodsOf(resource));
  const schemas = mapValues(raw.schemas, schemaOf);
  const needed = reachable(
    methods.flatMap(({ request }) => request ?? []),
    schemas,
  );
  return {
    revision: raw.revision,
    servicePath: raw.servicePath,
    query: Object.keys(raw.parameters).sort(),
    methods,
    schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => needed.has(name))),
  };
}

const folder = process.argv[2];
if (!folder) throw new Error("name the folder with the discovery documents");
for (const [name, wanted] of Object.entries(DOCUMENTS)) {
  const raw = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Raw;
  writeFileSync(join(__dirname, "documents", `${name}.json`), `${JSON.stringify(prune(raw, wanted))}\n`);
}
