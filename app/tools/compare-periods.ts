import { z } from "zod";
import { Coverage } from "../billing/coverage";
import { Cost, groupSpend, totalSpend } from "../billing/summary";
import { addDays, lengthOf, type Period } from "../dates";
import { decimal, percentOf, type Nanos } from "../money";
import { type SpendRow } from "../sources/source";
import { creditParts, currencyNote, dataOutput, describeData, nameOf, only } from "./billing-answer";
import { nameInput, spendByName } from "./names";
import { periodBefore, periodInput, periodOutput, resolvePeriod, type PeriodInput } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

const side = z.object({
  cost: z.string().describe("Usage after credits"),
  before_credits: z.string().optional().describe("Absent when there are no credits"),
  credits: z.string().optional(),
});
const amounts = z.object({
  ...periodOutput,
  cost: z
    .string()
    .nullable()
    .describe("Usage after credits; null without data, or in several currencies: then see totals"),
});
const change = {
  change: z.string().describe("current - previous"),
  change_before_credits: z
    .string()
    .optional()
    .describe("How usage itself changed; absent when credits did not"),
};

/** What changed from one period to the next, and what drove it. */
export const comparePeriods = defineTool({
  name: "compare-periods",
  title: "Compare two periods",
  description:
    "Compares usage in a period with the one before it (a month or week up to now with the same days of the one before) and " +
    "lists what changed most, by service, project or sku. Days that are not finished are left out on both sides; so are tax " +
    "and corrections. Use it for why costs went up or down: first by service, then by sku with that service.",
  annotations: READS_CLOUD,
  input: z.strictObject({
    ...periodInput("last_week"),
    group_by: z
      .enum(["service", "project", "sku"])
      .default("service")
      .describe("What to look for drivers in"),
    ...nameInput,
    limit: z.int().min(1).max(100).default(10).describe("Drivers at most, largest change first"),
  }),
  output: z.object({
    currency: z
      .string()
      .nullable()
      .describe("ISO 4217; null when there is no data, or several currencies: then see totals"),
    current: amounts,
    previous: amounts,
    comparable: z.boolean().describe("False when one of the periods has no finished day, or no data"),
    change: z.string().nullable().describe("current - previous; null when they cannot be compared"),
    change_percent: z.number().nullable().describe("Of previous; null when that was nothing"),
    totals: z.array(z.object({ currency: z.string(), current: side, previous: side, ...change })),
    drivers: z.array(
      z.object({
        key: z.string(),
        currency: z.string(),
        current: z.string(),
        previous: z.string(),
        ...change,
      }),
    ),
    ...dataOutput,
  }),
  async execute({ group_by, service, project, sku, limit, ...named }, { sources, now }) {
    const coverage = new Coverage(await sources.extent());
    const { period, before, comparable, notes } = choosePeriods(named, coverage, now());
    const query = (days: Period) => ({ of: { days }, groupBy: [group_by] as const });
    const current = await spendByName(sources, query(period), { service, project, sku }, now());
    const previous = await sources.spend({ ...query(before), filter: current.filter });
    const totals = pair(totalSpend(current.rows), totalSpend(previous));
    const keyOf = (row: SpendRow) => row[group_by] ?? "";
    const drivers = comparable ? driversOf(groupSpend(current.rows, keyOf), groupSpend(previous, keyOf)) : [];
    const one = only(totals);
    return {
      currency: one?.currency ?? null,
      current: { ...period, cost: one && coverage.touches(period) ? decimal(one.current.net) : null },
      previous: { ...before, cost: one && coverage.touches(before) ? decimal(one.previous.net) : null },
      comparable,
      change: comparable && one ? decimal(one.current.net - one.previous.net) : null,
      change_percent:
        comparable && one ? percentOf(one.current.net - one.previous.net, one.previous.net) : null,
      totals: comparable
        ? totals.map((both) => ({
            currency: both.currency,
            current: sideOf(both.current),
            previous: sideOf(both.previous),
            ...changeOf(both),
          }))
        : [],
      drivers: drivers.slice(0, limit).map((driver) => ({
        key: driver.key,
        currency: driver.currency,
        current: decimal(driver.current.net),
        previous: decimal(driver.previous.net),
        ...changeOf(driver),
      })),
      ...describeData(coverage, { from: before.from, to: period.to }, [
        ...notes,
        ...current.notes,
        ...currencyNote(totals),
      ]),
    };
  },
});

/** The same thing's cost in both periods. */
interface Both {
  currency: string;
  current: Cost;
  previous: Cost;
}

/**
 * The finished days to compare. Both periods lose as many days at their end; of a single day that is not finished the newest
 * finished one takes the place.
 */
function choosePeriods(input: PeriodInput, coverage: Coverage, now: Date) {
  let period = resolvePeriod(input, now);
  let before = periodBefore(input, period);
  const notes: string[] = [];
  const unfinished = coverage.unfinishedFrom(period);
  const last = coverage.lastFinishedDay;
  if (unfinished !== null && last !== null && unfinished > period.from) {
    period = { from: period.from, to: last };
    const end = addDays(before.from, lengthOf(period) - 1);
    before = { from: before.from, to: end < before.to ? end : before.to };
    notes.push(
      `Days from ${unfinished} on are not finished and left out: ${nameOf(period)} is compared with ${nameOf(before)}.`,
    );
  } else if (unfinished !== null && last !== null && lengthOf(period) === 1) {
    notes.push(
      `${period.from} is not finished: the newest finished day, ${last}, is compared with the day before it.`,
    );
    period = { from: last, to: last };
    before = { from: addDays(last, -1), to: addDays(last, -1) };
  }
  const finished = coverage.unfinishedFrom(period) === null;
  const comparable = finished && coverage.reachesBackTo(before);
  if (!comparable && coverage.touches(period)) {
    const why = finished
      ? `the billing data do not reach back to ${before.from}`
      : `no day of ${nameOf(period)} is finished yet`;
    notes.push(`The two periods cannot be compared: ${why}.`);
  }
  return { period, before, comparable, notes };
}

/** Costs of both periods by currency. */
function pair(current: readonly Cost[], previous: readonly Cost[]): Both[] {
  const find = (costs: readonly Cost[], currency: string) =>
    costs.find((cost) => cost.currency === currency) ?? new Cost(currency);
  const currencies = [...new Set([...current, ...previous].map(({ currency }) => currency))].sort();
  return currencies.map((currency) => ({
    currency,
    current: find(current, currency),
    previous: find(previous, currency),
  }));
}

type Groups = ReturnType<typeof groupSpend>;

/** What changed, after credits or before: a credit that grows with the usage must not hide it. */
function driversOf(current: Groups, previous: Groups): Array<Both & { key: string }> {
  const keys = [...new Set([...current, ...previous].map(({ key }) => key))];
  const costsOf = (groups: Groups, key: string) =>
    groups.filter((group) => group.key === key).map(({ cost }) => cost);
  const size = (both: Both) => {
    const [net, usage] = [netChange(both), usageChange(both)].map((nanos) => (nanos < 0n ? -nanos : nanos));
    return net! > usage! ? net! : usage!;
  };
  return keys
    .flatMap((key) => pair(costsOf(current, key), costsOf(previous, key)).map((both) => ({ ...both, key })))
    .filter((both) => size(both) !== 0n)
    .sort((a, b) => Number(size(b) - size(a)) || a.key.localeCompare(b.key));
}

const netChange = ({ current, previous }: Both): Nanos => current.net - previous.net;
const usageChange = ({ current, previous }: Both): Nanos => current.usage - previous.usage;

function changeOf(both: Both): { change: string; change_before_credits?: string } {
  const differ = netChange(both) !== usageChange(both);
  return {
    change: decimal(netChange(both)),
    ...(differ && { change_before_credits: decimal(usageChange(both)) }),
  };
}

function sideOf(cost: Cost) {
  return { cost: decimal(cost.net), ...creditParts(cost) };
}
