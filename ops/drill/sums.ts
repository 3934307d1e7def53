import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "../workspace/pg-client";

/** What a ledger holds of the budget months that began in a month: calls that were settled by a moment, and what they cost in nano-dollars, as text. */
export interface MonthSums {
  month: string;
  calls: string;
  nanos: string;
}

/** What a ledger held at a moment. */
export interface LedgerSums {
  months: MonthSums[];
  auditEntries: string;
}

/** The sums of a ledger and of its clone, and what only the clone is asked. */
export interface Check {
  source: LedgerSums;
  clone: LedgerSums;
  /** When the clone's last row was written; null in an empty ledger. */
  lastRowAt: string | null;
  /** Months of the clone whose calls do not add up to what its customers have spent. */
  unbalanced: (MonthSums & { spent: string })[];
}

/** Seconds before the restored moment that are not compared: a transaction may be dated before it and committed after it. */
export const MARGIN_SECONDS = 60;

/**
 * A settled call is written once. Two things change what is found of it later: the charge of a lost gateway may be corrected for two
 * hours, and an archived month leaves the ledger with its calls and its sum noted.
 */
const MONTHS = `
  select to_char(month, 'YYYY-MM') as month, sum(calls) as calls, sum(nanos) as nanos from (
    select month, 1 as calls, cost_nanos as nanos from ledger.calls
    where settled_at <= $1::timestamptz
      and not (outcome is not distinct from 'expired' and settled_at > $1::timestamptz - interval '2 hours')
    union all
    select month, calls, cost_nanos from ledger.archived_months where archived_at > $1::timestamptz
  ) each group by 1 order by 1`;

const AUDIT = `select count(*) as entries from ledger.audit where at <= $1::timestamptz`;

const LAST_ROW = `
  select greatest((select max(greatest(reserved_at, settled_at)) from ledger.calls), (select max(at) from ledger.audit)) as at`;

const UNBALANCED = `
  select to_char(month, 'YYYY-MM') as month, calls, nanos, spent from
    (select date_trunc('month', month::timestamp)::date as month, count(*) as calls, sum(cost_nanos) as nanos
      from ledger.calls where state <> 'pending' group by 1) posted
    full join (select date_trunc('month', month::timestamp)::date as month, sum(spent_nanos) as spent
      from ledger.customer_months group by 1) booked using (month)
  where coalesce(nanos, 0) <> coalesce(spent, 0) and month not in (select month from ledger.archived_months)
  order by 1`;

/**
 * Reads a ledger and its clone as they were shortly before a moment.
 *
 * @param sourceUrl Role `ledger_reader`; the clone has the same roles and passwords.
 * @param at The moment that the clone was restored to, RFC 3339.
 */
export async function checkClone(sourceUrl: string, cloneUrl: string, at: string): Promise<Check> {
  const cutoff = new Date(Date.parse(at) - MARGIN_SECONDS * 1_000).toISOString();
  const source = await readSums(sourceUrl, cutoff);
  const clone = await readSums(cloneUrl, cutoff);
  const rest = await withClient(cloneUrl, async (client) => {
    await client.query("begin isolation level repeatable read, read only");
    const last = await client.query<{ at: Date | null }>(LAST_ROW);
    const unbalanced = await client.query<Check["unbalanced"][number]>(UNBALANCED);
    return { lastRowAt: last.rows[0]!.at?.toISOString() ?? null, unbalanced: unbalanced.rows };
  });
  return { source, clone, ...rest };
}

function readSums(url: string, cutoff: string): Promise<LedgerSums> {
  return withClient(url, async (client) => {
    await client.query("begin isolation level repeatable read, read only");
    const months = await client.query<MonthSums>(MONTHS, [cutoff]);
    const audit = await client.query<{ entries: string }>(AUDIT, [cutoff]);
    return { months: months.rows, auditEntries: audit.rows[0]!.entries };
  });
}

/**
 * The ledger's URL with the clone's host and authority. Role, password and the way to verify the server stay.
 *
 * @param ca The authority of the clone's server, PEM: each instance has its own.
 */
export function urlOfClone(source: string, host: string, ca: Buffer): string {
  const url = new URL(source);
  url.hostname = host;
  if (url.searchParams.has("sslrootcert")) {
    const file = join(tmpdir(), `${host}-ca.pem`);
    writeFileSync(file, ca);
    url.searchParams.set("sslrootcert", file);
  }
  return url.href;
}

/** Where a clone differs from its source or does not add up, a line each. */
export function differences({ source, clone, unbalanced }: Check): string[] {
  const sums = ({ months }: LedgerSums) => new Map(months.map((each) => [each.month, each]));
  const [ofSource, ofClone] = [sums(source), sums(clone)];
  const months = [...new Set([...ofSource.keys(), ...ofClone.keys()])].sort();
  const wrong = months.flatMap((month) => {
    const [there, here] = [inWords(ofSource.get(month)), inWords(ofClone.get(month))];
    return there === here ? [] : [`${month}: the ledger has ${there}, the clone ${here}`];
  });
  const audit =
    source.auditEntries === clone.auditEntries
      ? []
      : [`audit: the ledger has ${source.auditEntries} entries, the clone ${clone.auditEntries}`];
  const balance = unbalanced.map(
    ({ month, nanos, spent }) =>
      `${month}: the clone's calls add up to ${nanos ?? 0} nano-dollars, and its customers have spent ${spent ?? 0}`,
  );
  return [...wrong, ...audit, ...balance];
}

function inWords(sums: MonthSums | undefined): string {
  return `${sums?.calls ?? 0} calls of ${sums?.nanos ?? 0} nano-dollars`;
}
