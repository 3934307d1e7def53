import { z } from "zod";
import { anomalies, comparison } from "./changes";
import { kind } from "./kind";
import { spend } from "./spend";
import { amounts, money, percent, plural, shortName, table, words, type Statement } from "./write";

const ROWS = 5;
const ASSETS = 10;
/** Percent of a budget from which something is to be done. */
const NEARLY_USED = 80;

const recommendations = kind(
  z.object({
    totals: z.array(z.object({ currency: z.string(), monthly_saving: z.string() })),
    found: z.int(),
    recommendations: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        resource: z.string(),
        location: z.string(),
        description: z.string(),
        currency: z.string(),
        monthly_saving: z.string(),
        alternative_to: z.string().nullable(),
      }),
    ),
    notes: z.array(z.string()),
  }),
  ({ totals, found, recommendations: list, notes }) => {
    const [largest] = list;
    if (!largest) {
      return {
        finding: "Google has no open recommendation of this kind that would save you money.",
        evidence: notes,
        next: "ask again in a week; idle resources show after about two weeks.",
      };
    }
    const name = shortName(largest.resource);
    const saved = amounts(totals.map(({ currency, monthly_saving }) => money(monthly_saving, currency)));
    const together = found - list.filter(({ alternative_to }) => alternative_to !== null).length;
    return {
      finding:
        together === 1
          ? `You can save ${saved} a month: ${name} is an ${words(largest.kind)}.`
          : `You can save ${saved} a month with ${plural(together, "change")}; ${name} alone saves ${money(largest.monthly_saving, largest.currency)}.`,
      evidence: [
        table(
          ["Resource", "What it is", "Saves a month"],
          list
            .slice(0, ROWS)
            .map((each) => [
              shortName(each.resource),
              words(each.kind) + (each.alternative_to === null ? "" : ", instead of a row above"),
              money(each.monthly_saving, each.currency),
            ]),
          [1],
        ),
        ...notes,
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
    const byType = new Map<string, typeof list>();
    for (const asset of list) byType.set(asset.type, [...(byType.get(asset.type) ?? []), asset]);
    const types = [...byType].sort(([, a], [, b]) => b.length - a.length);
    const count = `You have ${more ? "more than " : ""}`;
    if (types.length === 1) {
      return {
        finding: `${count}${plural(list.length, "resource")} of type ${typeName(types[0]![0])}.`,
        evidence: [
          table(
            ["Name", "Location", "State"],
            list
              .slice(0, ASSETS)
              .map(({ display_name, location, state }) => [
                display_name,
                location,
                state.toLowerCase() || "-",
              ]),
            [1, 2],
          ),
        ],
        next: "ask which of them are idle or unused.",
      };
    }
    return {
      finding: `${count}${plural(list.length, "resource")} of ${plural(types.length, "type")}; the most common is ${typeName(types[0]![0])}.`,
      evidence: [
        table(
          ["Type", "Count", "Such as"],
          types.map(([type, of]) => [
            typeName(type),
            String(of.length),
            of
              .slice(0, 2)
              .map(({ display_name }) => display_name)
              .join(", "),
          ]),
          [2],
        ),
      ],
      next: "ask for one type or location, or which of them are idle.",
    };
  },
);

const budget = kind(
  z.object({
    until: z.string(),
    cap: z.string(),
    spent: z.string(),
    left: z.string(),
    used_percent: z.number(),
    calls: z.int(),
    forecast: z.object({ expected: z.string(), runs_out_on: z.string().nullable() }).nullable(),
    session: z
      .object({ spent: z.string(), left: z.string(), calls: z.int(), calls_left: z.int() })
      .nullable(),
  }),
  ({ until, cap, spent, left, used_percent, calls, forecast, session }) => ({
    finding: `${short(left)} of your plan's ${short(cap)} for conversations with me is left until ${until} (${percent(used_percent)} used).`,
    evidence: [
      table(
        ["", "Spent", "Left", "Calls"],
        [
          ["This budget month", short(spent), short(left), String(calls)],
          ...(session
            ? [
                [
                  "This conversation",
                  short(session.spent),
                  short(session.left),
                  `${session.calls}, ${session.calls_left} left`,
                ],
              ]
            : []),
        ],
      ),
      ...(forecast
        ? [
            forecast.runs_out_on
              ? `At this pace it runs out on ${forecast.runs_out_on}.`
              : `By ${until} it is expected to cost ${short(forecast.expected)}.`,
          ]
        : []),
      "What is left is without what this answer may still cost.",
    ],
    next:
      used_percent < NEARLY_USED
        ? `nothing to do; the budget starts anew on ${until} (UTC).`
        : `ask for less until ${until} (UTC), or for a larger plan.`,
  }),
);

const KINDS = [comparison, recommendations, budget, assets, anomalies, spend];

/** What an assistant makes of a tool's result, where it knows the kind. */
export function stateKnown(result: unknown): Statement | undefined {
  for (const { state } of KINDS) {
    const statement = state(result);
    if (statement) return statement;
  }
  return undefined;
}

/** A ledger's exact amount as people read it: cents, of less than a dollar four places. "$17.70514725" is "$17.71". */
function short(exact: string): string {
  const dollars = Number(exact.replace(/[$,]/g, ""));
  return dollars >= 1 || dollars === 0
    ? money(dollars, "USD")
    : `$${dollars.toFixed(4).replace(/0{1,2}$/, "")}`;
}

function typeName(type: string): string {
  const [api = "", name = type] = type.split("/");
  return `${api.replace(".googleapis.com", "")} ${words(name)}`.trim();
}
