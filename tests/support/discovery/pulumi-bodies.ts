/* eslint-disable @typescript-eslint/no-explicit-any */

/** Inputs that the provider keeps to itself, or puts into the address. */
const NOT_IN_BODY = new Set([
  "project",
  "location",
  "name",
  "deletionProtection",
  "runExecutionToken",
  "startExecutionToken",
]);

/** Lists that the provider names in the plural. */
const SINGULAR: Record<string, string> = { commands: "command", envs: "env", traffics: "traffic" };

/** The body that the provider makes of a Cloud Run service's or job's inputs: field by field the same, but for a few names. */
export function runBody(inputs: Record<string, any>): Record<string, unknown> {
  return body(inputs, NOT_IN_BODY) as Record<string, unknown>;
}

function body(value: unknown, without: ReadonlySet<string> = new Set()): unknown {
  if (Array.isArray(value)) return value.map((item) => body(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !without.has(name))
      .map(([name, inner]) => {
        // One port, in a list.
        if (name === "ports" && !Array.isArray(inner)) return [name, [body(inner)]];
        return [SINGULAR[name] ?? name, body(inner)];
      }),
  );
}

/** The body of a new secret; the provider names the replication's parts as the API does. */
export function secretBody({ labels, replication }: Record<string, any>): Record<string, unknown> {
  return { labels, replication };
}

/** The body of an alert policy, an uptime check or a notification channel: field by field the same. */
export function monitoringBody(inputs: Record<string, any>): Record<string, unknown> {
  return body(inputs, new Set(["project"])) as Record<string, unknown>;
}
