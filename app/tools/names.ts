import { z } from "zod";
import { UserError } from "../errors";
import { addDays, dayOf, type Period } from "../dates";
import type { BillingSource, SpendFilter, SpendQuery, SpendRow } from "../sources/source";

/** Days back in which names are looked for: a service that was not used in the period asked may still exist. */
const NAMES_DAYS = 90;
const NEAREST = 5;

/** What people call a service, where it is not part of its name. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  gce: "Compute Engine",
  vm: "Compute Engine",
  vms: "Compute Engine",
  gke: "Kubernetes Engine",
  gcs: "Cloud Storage",
  buckets: "Cloud Storage",
  bq: "BigQuery",
  postgres: "Cloud SQL",
  mysql: "Cloud SQL",
  gemini: "Vertex AI",
  egress: "Networking",
};

/** The names that a tool's spend may be narrowed to. */
export const nameInput = {
  service: z.string().min(1).max(200).optional().describe('Only this service, such as "Compute Engine"'),
  project: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Only this project id; "(none)" for costs of no project'),
  sku: z.string().min(1).max(300).optional().describe("Only this sku, by its name"),
};

/** Spend by names that were looked up where they had to be. */
export interface NamedSpend {
  rows: SpendRow[];
  filter: SpendFilter;
  /** What was taken for a name that the bill does not have, for the customer. */
  notes: string[];
}

/**
 * Reads spend narrowed to names as the customer wrote them. A name without cost is looked for in the bill: "bigquery" means
 * BigQuery, and what means nothing is refused with the nearest names, because 0.00 would be a wrong answer.
 *
 * @throws UserError when there is no such name.
 */
export async function spendByName(
  source: BillingSource,
  query: SpendQuery,
  filter: SpendFilter,
  now: Date,
): Promise<NamedSpend> {
  const rows = await source.spend({ ...query, filter });
  const given = Object.entries(filter).filter(([, value]) => value !== undefined) as Array<
    [keyof SpendFilter, string]
  >;
  if (rows.length > 0 || given.length === 0) return { rows, filter, notes: [] };

  const notes: string[] = [];
  const found: SpendFilter = { ...filter };
  for (const [kind, value] of given) {
    const names = await knownNames(source, kind, query, now);
    const name = findName(value, names);
    if (name === undefined) throw noSuchName(kind, value, names);
    if (name !== value)
      notes.push(`There is no ${kind} named ${JSON.stringify(value)}: these are the figures of ${name}.`);
    found[kind] = name;
  }
  // Each name exists, so there is no cost.
  if (notes.length === 0) return { rows, filter, notes };
  return { rows: await source.spend({ ...query, filter: found }), filter: found, notes };
}

async function knownNames(
  source: BillingSource,
  kind: keyof SpendFilter,
  { of }: SpendQuery,
  now: Date,
): Promise<string[]> {
  const today = dayOf(now);
  const recent = addDays(today, -NAMES_DAYS);
  const asked = "days" in of ? of.days.from : `${of.invoices.first}-01`;
  const days: Period = { from: asked < recent ? asked : recent, to: today };
  const rows = await source.spend({ of: { days }, groupBy: [kind] });
  return [...new Set(rows.map((row) => row[kind]!))];
}

/** The one name that is meant: the same but for case and punctuation, a part of only one, or a slip of the pen. */
export function findName(value: string, names: readonly string[]): string | undefined {
  if (names.includes(value)) return value;
  const wanted = plain(value);
  const called = ALSO_CALLED[wanted];
  const same = names.filter((name) => plain(name) === wanted || name === called);
  if (same.length === 1) return same[0];
  const part = names.filter(
    (name) => wanted.length >= 3 && (plain(name).includes(wanted) || wanted.includes(plain(name))),
  );
  if (part.length === 1) return part[0];
  const allowed = Math.floor(wanted.length / 4);
  const close = names.filter((name) => distance(wanted, plain(name)) <= allowed);
  return close.length === 1 ? close[0] : undefined;
}

function noSuchName(kind: string, value: string, names: readonly string[]): UserError {
  const wanted = plain(value);
  const nearest = [...names]
    .sort((a, b) => distance(wanted, plain(a)) - distance(wanted, plain(b)) || a.localeCompare(b))
    .slice(0, NEAREST);
  return new UserError(
    names.length === 0
      ? `There is no ${kind} named ${JSON.stringify(value)}: the billing data of this period hold no ${kind} at all.`
      : `There is no ${kind} named ${JSON.stringify(value)} in the billing data. The nearest: ${nearest.join(", ")}.`,
  );
}

/** Letters and digits only, without the maker's name. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/\bgoogle\b/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, "");
}

/** How many letters have to change to turn one text into the other (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(
        Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    }
    previous = row;
  }
  return previous[b.length]!;
}
