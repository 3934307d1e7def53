import { stateKnown } from "./results";
import { words, type Statement } from "./write";

const ROWS_SHOWN = 3;

/** An answer as a cost assistant gives it, from the results of the tools that were called for it: the finding first. */
export function summarize(results: string[]): string {
  const parsed = results.map(parse);
  const failures = parsed.filter(isFailure).map((text) => text.replace(/^Error: /, ""));
  const statements = parsed.filter((result) => !isFailure(result)).flatMap((result) => state(result) ?? []);
  if (statements.length === 0 && failures.length === 0)
    return "Your billing data has nothing that answers this.";
  // The last result goes deepest: its next step is the one to take.
  const next = statements.findLast((each) => each.next)?.next;
  // Results of the same days carry the same notes.
  const paragraphs = new Set(statements.flatMap(({ finding, evidence }) => [finding, ...evidence]));
  return [
    ...paragraphs,
    ...failures.map((message) => `One part could not be read: ${message}`),
    ...(next ? [`**Next step:** ${next}`] : []),
  ].join("\n\n");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isFailure(result: unknown): result is string {
  return typeof result === "string" && result.startsWith("Error: ");
}

function state(result: unknown): Statement | undefined {
  const known = stateKnown(result);
  if (known) return known;
  const text = plain(result);
  return text === "" ? undefined : { finding: text, evidence: [] };
}

/** A result of a kind that the assistant does not know, field by field. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return sentence(value);
  if (typeof value === "number" || typeof value === "boolean") return sentence(String(value));
  if (Array.isArray(value)) return list(value);
  const entries = Object.entries(value);
  const facts = entries.filter(([, at]) => isScalar(at)).map(([key, at]) => `${words(key)} ${String(at)}`);
  const parts = entries.filter(([, at]) => !isScalar(at)).map(([, at]) => plain(at));
  return [facts.length > 0 ? sentence(facts.join(", ")) : "", ...parts]
    .filter((part) => part !== "")
    .join(" ");
}

function list(values: unknown[]): string {
  const statements = values.slice(0, ROWS_SHOWN).map((each) => plain(each).replace(/\.$/, ""));
  const more = values.length > ROWS_SHOWN ? `; and ${values.length - ROWS_SHOWN} more` : "";
  return values.length === 0 ? "" : sentence(`${statements.join("; ")}${more}`);
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}
