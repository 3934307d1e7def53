import { z } from "zod";
import { change, days, money, percent, plural, shortName, table, words, type Told } from "./write";

const ROWS = 5;
const period = { from: z.iso.date(), to: z.iso.date() };

/** A kind of result: how it is recognised, and what an assistant makes of it. */
interface Kind {
  tell(result: unknown): Told | undefined;
}

function kind<S extends z.ZodType>(schema: S, tell: (result: z.output<S>) => Told): Kind {
  return {
    tell(result) {
      const parsed = schema.safeParse(result);
      return parsed.success ? tell(parsed.data) : undefined;
    },
  };
}

const comparison = kind(
  z.object({
    currency: z.string(),
    current: z.object({ ...period, cost: z.string() }),
    previous: z.object({ ...period, cost: z.string() }),
    change: z.string(),
    change_percent: z.number().nullable(),
    drivers: z.array(z.object({ key: z.string(), current: z.string(), change: z.string() })),
  }),
  ({ currency, current, previous, change: by, change_percent, drivers }) => {
    const [now, before] = [days(current.from, current.to), days(previous.from, previous.to)];
    const [largest] = drivers;
    if (!largest) {
      return {
        finding: `Your costs did not change: ${money(current.cost, currency)} in ${now}, as in ${before}.`,
        evidence: [],
      };
    }
    const rose = Number(by) >= 0;
    const share = change_percent === null ? "" : ` (${percent(Math.abs(change_percent))})`;
    const mostly =
      Math.abs(Number(largest.change)) > 0.8 * Math.abs(Number(by))
        ? "almost all of it is"
        : "the largest part is";
    return {
      finding: `Your costs ${rose ? "rose" : "fell"} by ${money(Math.abs(Number(by)), currency)}${share} to ${money(current.cost, currency)} in ${now}; ${mostly} ${largest.key}.`,
      evidence: [
        table(
          ["Largest changes", now, `Change from ${before}`],
          drivers
            .slice(0, ROWS)
            .map((row) => [row.key, money(row.current, currency), change(row.change, currency)]),
        ),
      ],
      next: `ask what ${largest.key} spent by SKU in ${now}.`,
    };
  },
);

const anomalies = kind(
  z.object({
    ...period,
    currency: z.string(),
    anomalies: z.array(
      z.object({
        service: z.string(),
        ...period,
        cost: z.string(),
        expected: z.string(),
        excess: z.string(),
        cause: z.object({ sku: z.string(), project: z.string() }),
      }),
    ),
  }),
  ({ currency, anomalies: found, from, to }) => {
    const [largest] = found;
    if (!largest) return { finding: `No day stands out in ${days(from, to)}.`, evidence: [] };
    const { service, cost, expected, excess, cause } = largest;
    const when = days(largest.from, largest.to);
    return {
      finding: `${service} cost ${money(cost, currency)} on ${when}, ${money(excess, currency)} more than the usual ${money(expected, currency)}; what rose is ${cause.sku} in project ${cause.project}.`,
      evidence:
        found.length === 1
          ? []
          : [
              table(
                ["Unusual days", "When", "Above usual"],
                found
                  .slice(0, ROWS)
                  .map((one) => [one.service, days(one.from, one.to), change(one.excess, currency)]),
                [1],
              ),
            ],
      next: `look at what ran on ${service} in ${cause.project} on ${when}, and stop or limit it if it was not planned.`,
    };
  },
);

const spend = kind(
  z.object({
    ...period,
    currency: z.string(),
    total: z.string(),
    rows: z.array(z.object({ key: z.string(), cost: z.string() })),
    other: z.string().nullish(),
  }),
  ({ from, to, currency, total, rows, other }) => {
    const when = days(from, to);
    const byDay = rows.every(({ key }) => /^\d{4}-\d\d-\d\d$/.test(key));
    const ordered = [...rows].sort((a, b) => Number(b.cost) - Number(a.cost));
    const [largest] = ordered;
    if (!largest || Number(total) === 0) {
      return {
        finding: `Nothing was spent in ${when}.`,
        evidence: [],
        next: "name another period, or check that billing export is connected.",
      };
    }
    const share = (cost: string) => percent((100 * Number(cost)) / Number(total));
    const label = (key: string) => (byDay ? days(key, key) : key);
    const shown = byDay ? rows.slice(-7) : ordered.slice(0, ROWS);
    const rest =
      Number(other ?? 0) +
      rows.filter((row) => !shown.includes(row)).reduce((sum, row) => sum + Number(row.cost), 0);
    return {
      finding: `You spent ${money(total, currency)} in ${when}; ${byDay ? "the highest day was" : "the largest part is"} ${label(largest.key)} with ${money(largest.cost, currency)} (${share(largest.cost)}).`,
      evidence: [
        table(
          [byDay ? "Day" : "Where it went", "Cost", "Share"],
          [
            ...shown.map(({ key, cost }) => [label(key), money(cost, currency), share(cost)]),
            ...(rest > 0.005
              ? [[byDay ? "Earlier days" : "Everything else", money(rest, currency), share(String(rest))]]
              : []),
          ],
        ),
      ],
      next: "ask what changed against the period before, or for the same by project.",
    };
  },
);

const recommendations = kind(
  z.object({
    currency: z.string().nullable(),
    total_monthly_saving: z.string(),
    found: z.int(),
    recommendations: z.array(
      z.object({
        kind: z.string(),
        resource: z.string(),
        location: z.string(),
        description: z.string(),
        monthly_saving: z.string(),
      }),
    ),
  }),
  ({ currency, total_monthly_saving: total, found, recommendations: list }) => {
    const [largest] = list;
    if (!largest || currency === null) {
      return {
        finding: "Google has no open recommendation that would save you money.",
        evidence: [],
        next: "ask again in a week; idle resources show after about two weeks.",
      };
    }
    const name = shortName(largest.resource);
    return {
      finding: `You can save ${money(total, currency)} a month with ${plural(found, "change")}; ${name} alone saves ${money(largest.monthly_saving, currency)}.`,
      evidence: [
        table(
          ["Resource", "What it is", "Saves a month"],
          list
            .slice(0, ROWS)
            .map((each) => [
              shortName(each.resource),
              words(each.kind),
              money(each.monthly_saving, currency),
            ]),
          [1],
        ),
      ],
      next: `start in ${largest.location}: ${largest.description}`,
    };
  },
);

const assets = kind(
  z.object({
    assets: z.array(
      z.object({ type: z.string(), display_name: z.string(), location: z.string(), state: z.string() }),
    ),
    more: z.boolean(),
  }),
  ({ assets: list, more }) => {
    if (list.length === 0) {
      return {
        finding: "No resource matches.",
        evidence: [],
        next: "name another type or location, or leave the filter out.",
      };
    }
    const byType = new Map<string, string[]>();
    for (const { type, display_name } of list) byType.set(type, [...(byType.get(type) ?? []), display_name]);
    const types = [...byType].sort(([, a], [, b]) => b.length - a.length);
    return {
      finding: `You have ${more ? "more than " : ""}${plural(list.length, "resource")} of ${plural(types.length, "type")}; most are ${typeName(types[0]![0])}.`,
      evidence: [
        table(
          ["Type", "Count", "Such as"],
          types
            .slice(0, ROWS)
            .map(([type, names]) => [typeName(type), String(names.length), names.slice(0, 2).join(", ")]),
          [2],
        ),
      ],
      next: "ask for one type or location, or which of them are idle.",
    };
  },
);

const budget = kind(
  z.object({
    plan_tier: z.string(),
    month: z.string(),
    cap: z.string(),
    spent: z.string(),
    left: z.string(),
    used_percent: z.number(),
    calls: z.int(),
    session: z
      .object({ spent: z.string(), left: z.string(), calls: z.int(), calls_left: z.int() })
      .nullable(),
  }),
  ({ month, cap, spent, left, used_percent, calls, session }) => ({
    finding: `${left} of your ${cap} for conversations with me is left in ${month} (${percent(used_percent)} used).`,
    evidence: [
      table(
        ["Budget", "Spent", "Left", "Calls"],
        [
          ["This month", spent, left, String(calls)],
          ...(session
            ? [
                [
                  "This conversation",
                  session.spent,
                  session.left,
                  `${session.calls}, ${session.calls_left} left`,
                ],
              ]
            : []),
        ],
      ),
    ],
    next: "nothing to do; the budget starts anew on the first of the month (UTC).",
  }),
);

const KINDS = [comparison, recommendations, budget, assets, anomalies, spend];

/** What an assistant makes of a tool's result, where it knows the kind. */
export function tellKnown(result: unknown): Told | undefined {
  for (const { tell } of KINDS) {
    const told = tell(result);
    if (told) return told;
  }
  return undefined;
}

function typeName(type: string): string {
  const [api = "", name = type] = type.split("/");
  return `${api.replace(".googleapis.com", "")} ${words(name)}`.trim();
}
