import { z } from "zod";
import { kind, period, whyNot } from "./kind";
import { amounts, days, during, money, percent, signed, table } from "./write";

const ROWS = 5;
/** The part of a change, in its own direction, from which one driver is almost all of it. */
const ALMOST_ALL = 0.8;

const side = z.object({ cost: z.string() });
const change = { change: z.string(), change_before_credits: z.string().optional() };
const total = z.object({ currency: z.string(), current: side, previous: side, ...change });
const driver = z.object({ key: z.string(), currency: z.string(), current: z.string(), ...change });

/** Two periods: the change, and what drove it. */
export const comparison = kind(
  z.object({
    current: z.object({ ...period, cost: z.string().nullable() }),
    previous: z.object({ ...period, cost: z.string().nullable() }),
    comparable: z.boolean(),
    change_percent: z.number().nullable(),
    totals: z.array(total),
    drivers: z.array(driver),
    notes: z.array(z.string()),
  }),
  ({ current, previous, comparable, change_percent, totals, drivers, notes }) => {
    const [now, before] = [days(current.from, current.to), days(previous.from, previous.to)];
    if (!comparable || totals.length === 0) {
      const { finding, rest } = whyNot(notes, `There is nothing to compare for ${now} and ${before}.`);
      return { finding, evidence: rest, next: "compare finished periods that the billing data cover." };
    }
    const [largest] = drivers;
    if (!largest) {
      const same = amounts(totals.map((each) => money(each.current.cost, each.currency)));
      return { finding: `Your costs did not change: ${same} for ${now} as for ${before}.`, evidence: notes };
    }
    const share = change_percent === null ? "" : ` (${percent(Math.abs(change_percent))})`;
    const clauses = totals.map((each) => {
      const direction = Number(each.change) >= 0 ? "rose" : "fell";
      return `${direction} by ${money(Math.abs(Number(each.change)), each.currency)}${share} to ${money(each.current.cost, each.currency)}`;
    });
    const driven = totals.length === 1 ? `; ${partOf(largest, totals[0]!)}` : "";
    return {
      finding: `Your costs ${amounts(clauses)} ${during(current.from, current.to)}${driven}.`,
      evidence: [
        table(
          ["Largest changes", now, `Change from ${before}`],
          drivers
            .slice(0, ROWS)
            .map((each) => [
              each.key,
              money(each.current, each.currency),
              signed(each.change, each.currency),
            ]),
        ),
        ...totals.flatMap(({ currency, change_before_credits: usage }) =>
          usage === undefined ? [] : [`Before credits, usage changed by ${signed(usage, currency)}.`],
        ),
        ...notes,
      ],
      next: `ask what ${largest.key} spent by SKU ${during(current.from, current.to)}.`,
    };
  },
);

/** How much of a change its largest driver is. */
function partOf(largest: z.output<typeof driver>, whole: z.output<typeof total>): string {
  const part = Number(largest.change) / Number(whole.change);
  if (part > ALMOST_ALL) return `almost all of it is ${largest.key}`;
  if (part > 0) return `the largest part is ${largest.key}`;
  return `the largest change is ${largest.key} with ${signed(largest.change, largest.currency)}`;
}

/** Unusual days: the largest, its cause, and what to look at. */
export const anomalies = kind(
  z.object({
    judged: z.object(period).nullable(),
    anomalies: z.array(
      z.object({
        service: z.string(),
        currency: z.string(),
        ...period,
        cost: z.string(),
        expected: z.string(),
        excess: z.string(),
        cause: z.object({ sku: z.string(), project: z.string() }),
      }),
    ),
    notes: z.array(z.string()),
  }),
  ({ judged, anomalies: found, notes }) => {
    if (judged === null) {
      const { finding, rest } = whyNot(notes, "No day of this period can be checked.");
      return { finding, evidence: rest };
    }
    const [largest] = found;
    if (!largest) {
      return { finding: `No day stands out ${during(judged.from, judged.to)}.`, evidence: notes };
    }
    const { service, currency, cost, expected, excess, cause } = largest;
    const when = days(largest.from, largest.to);
    return {
      finding: `${service} cost ${money(cost, currency)} on ${when}, ${money(excess, currency)} more than the usual ${money(expected, currency)}; the increase came from ${cause.sku} in project ${cause.project}.`,
      evidence: [
        ...(found.length > 1
          ? [
              table(
                ["Unusual days", "When", "Above usual"],
                found
                  .slice(0, ROWS)
                  .map((one) => [one.service, days(one.from, one.to), signed(one.excess, one.currency)]),
                [1],
              ),
            ]
          : []),
        ...notes,
      ],
      next: `look at what ran on ${service} in ${cause.project} on ${when}, and stop or limit it if it was not planned.`,
    };
  },
);
