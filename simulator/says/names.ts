/** The Google Cloud services that a model knows, by their names on the bill. */
const SERVICES = [
  "App Engine",
  "Artifact Registry",
  "BigQuery",
  "Bigtable",
  "Cloud Build",
  "Cloud DNS",
  "Cloud Logging",
  "Cloud Monitoring",
  "Cloud Run",
  "Cloud SQL",
  "Cloud Storage",
  "Compute Engine",
  "Dataflow",
  "Firestore",
  "Kubernetes Engine",
  "Memorystore",
  "Networking",
  "Pub/Sub",
  "Secret Manager",
  "Spanner",
  "Vertex AI",
];

/** The service that a question names. */
export function serviceIn(question: string): string | undefined {
  const asked = question.toLowerCase();
  return SERVICES.find((service) => asked.includes(service.toLowerCase()));
}

/**
 * The project that a question names: a word after "project" that looks like an id, or an id that something cost. An id has a
 * dash; words such as "month-over-month" are never in a project's position.
 */
export function projectIn(question: string): string | undefined {
  const id = "[\"'`]?([a-z][a-z0-9]*(?:-[a-z0-9]+)+)";
  const named =
    new RegExp(`\\bproject (?:named |called )?${id}`, "i").exec(question) ??
    new RegExp(`\\b(?:did|does|cost of|costs of|spend of|in) ${id}`, "i").exec(question);
  return named?.[1];
}

/** What people call a thing, and what codes and resource types call it. */
const THINGS: readonly { said: RegExp; code: string; type: string }[] = [
  { said: /\b(vms?|machines?|servers?|instances?)\b/i, code: "vm", type: "compute.googleapis.com/Instance" },
  { said: /\bdisks?\b/i, code: "disk", type: "compute.googleapis.com/Disk" },
  { said: /\b(ips?|address(es)?)\b/i, code: "ip", type: "compute.googleapis.com/Address" },
  { said: /\b(databases?|sql)\b/i, code: "database", type: "sqladmin.googleapis.com/Instance" },
  { said: /\bbuckets?\b/i, code: "bucket", type: "storage.googleapis.com/Bucket" },
  { said: /\bdatasets?\b/i, code: "dataset", type: "bigquery.googleapis.com/Dataset" },
];

/** The types of the resources that a question is about, as the asset inventory names them. */
export function typesIn(question: string): string[] {
  return THINGS.filter(({ said }) => said.test(question)).map(({ type }) => type);
}

/** Whether a question says every word of a code: "idle_vm" is in "Which machines are idle?". */
export function says(question: string, code: string): boolean {
  return code.split("_").every((word) => {
    const said = THINGS.find((thing) => thing.code === word)?.said ?? new RegExp(`\\b${word}s?\\b`, "i");
    return said.test(question);
  });
}
