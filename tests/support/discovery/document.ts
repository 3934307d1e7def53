import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What the tests keep of a schema in one of Google's discovery documents. */
export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: string[];
  /** Only answers have it. */
  output?: true;
  required?: true;
  /** Ids of the methods that require it. */
  requiredBy?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
}

export interface Method {
  id: string;
  verb: string;
  /** Such as `v2/projects/{projectsId}/locations/{locationsId}/services`. */
  path: string;
  /** Names of its query parameters. */
  query: string[];
  /** Names of the fields that the path gives. */
  inPath: string[];
  /** Name of the schema of its body. */
  request?: string;
}

export interface Discovery {
  revision: string;
  servicePath: string;
  /** Query parameters of every method. */
  query: string[];
  methods: Method[];
  schemas: Record<string, Schema>;
}

const documents = new Map<string, Discovery>();

/** A document by its name, such as `run.v2`; `prune.ts` says where it comes from. */
export function discovery(name: string): Discovery {
  const known = documents.get(name);
  if (known) return known;
  const document = JSON.parse(
    readFileSync(join(__dirname, "documents", `${name}.json`), "utf8"),
  ) as Discovery;
  documents.set(name, document);
  return document;
}
