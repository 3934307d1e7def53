import Table from "cli-table3";
import { pc } from "../terminal/colours";
import { dollars, percent } from "../../infra/cost/money";
import { CASES } from "../../infra/cost/range";
import type { Economics } from "../../infra/cost/economics";
import type { Amount, CostLine, Estimate } from "../../infra/cost/estimate";
import { totalsBy } from "../../infra/cost/estimate";
import type { CostReport, PriceNotes } from "../../infra/cost/report";
import { amountCells, quantityCell, tierCells } from "./cells";

const CASE_HEADS = ["low", "expected", "high"];

/** The whole report as text. */
export function renderReport(report: CostReport): string {
  const { stack, total, ceiling, lines, prices, worst, officeHours, committed } = report;
  const verdict = ceiling.exceeded
    ? pc.red(`over the ceiling of ${dollars(ceiling.nanos)}`)
    : pc.green(`within the ceiling of ${dollars(ceiling.nanos)}`);
  return [
    `${pc.bold(`${stack}: ${dollars(total.expected)} a month`)} (${dollars(total.low)} to ${dollars(total.high)}), ${verdict}`,
    `At most ${dollars(worst.nanos)} with every service at its maximum of instances all month, ${
      worst.exceeded
        ? pc.red(`over the ceiling of ${dollars(worst.ceiling)}`)
        : `ceiling ${dollars(worst.ceiling)}`
    }.`,
    ...(officeHours ? [`With office hours (docs/gcp.md): ${dollars(officeHours.expected)}.`] : []),
    `With commitments for a year to what is always there: ${dollars(committed)}.`,
    heading("What costs"),
    linesTable(lines),
    heading("By layer"),
    totalsTable("layer", report.byLayer, total),
    heading("By service"),
    totalsTable("service", report.byService, total, worst),
    heading("By rollout phase"),
    table(
      ["phase", ...CASE_HEADS],
      report.phases.map(({ phase, total }) => [String(phase), ...amountCells(total)]),
    ),
    heading("Three ways to run it"),
    table(
      ["option", ...CASE_HEADS, "the design's estimate"],
      report.options.map(({ title, total, design }) => [
        title,
        ...amountCells(total),
        `${dollars(design.low)} to ${dollars(design.high)}`,
      ]),
    ),
    ...(report.why.length > 0 ? ["Why Cloud Run costs more than the design expects:"] : []),
    ...report.why.map((line) => `  - ${line}`),
    ...(report.savings.length > 0
      ? [
          heading("What would lower it (each by itself)"),
          table(
            ["change", "saves", "takes"],
            report.savings.map(({ what, saves, takes }) => [what, dollars(saves), takes]),
          ),
        ]
      : []),
    heading("Unit economics"),
    ...(report.economics ? economicsTables(report.economics) : ["No customers: this environment is a cost."]),
    heading("Prices"),
    ...priceNotes(prices, report.region),
  ].join("\n");
}

/** The estimate for a plan: totals, layers and the most expensive services. */
export function renderSummary({ lines, total }: Estimate, ceiling: number): string {
  const services = totalsBy(lines, ({ service }) => service).slice(0, 5);
  const over = total.expected > ceiling;
  return [
    `${dollars(total.expected)} a month (${dollars(total.low)} to ${dollars(total.high)}), ${
      over ? pc.red(`over the ceiling of ${dollars(ceiling)}`) : `ceiling ${dollars(ceiling)}`
    }`,
    ...totalsBy(lines, ({ layer }) => layer).map(([layer, { expected }]) => `${dollars(expected)} ${layer}`),
    `most expensive: ${services.map(([name, { expected }]) => `${name} ${dollars(expected)}`).join(", ")}`,
  ]
    .map((line) => `  ${line}`)
    .join("\n");
}

/** Lines under this are summed up in one row: they are many and cost nothing to speak of. */
const SMALL = 1_000_000_000;

function linesTable(lines: CostLine[]): string {
  const small = lines.filter(({ cost }) => Math.abs(cost.expected) < SMALL && cost.high < SMALL);
  const rest = lines.filter((line) => !small.includes(line));
  const rows = rest.map((line) => [line.service, line.what, quantityCell(line), ...amountCells(line.cost)]);
  const others = totalsBy(small, () => "others").map(([, amount]) => [
    "",
    `${small.length} lines under $1`,
    "",
    ...amountCells(amount),
  ]);
  return table(["service", "what", "a month (expected)", ...CASE_HEADS], [...rows, ...others]);
}

function totalsTable(
  head: string,
  totals: [string, Amount][],
  total: Amount,
  worst?: CostReport["worst"],
): string {
  return table(
    [head, ...CASE_HEADS, ...(worst ? ["worst case"] : []), "share"],
    [
      ...totals.map(([name, amount]) => [
        name,
        ...amountCells(amount),
        ...(worst ? [dollars(worst.byService[name] ?? 0)] : []),
        percent(amount.expected, total.expected),
      ]),
      [pc.bold("total"), ...amountCells(total), ...(worst ? [dollars(worst.nanos)] : []), ""],
    ],
  );
}

function economicsTables({ tiers, cases, breakEven, marginalCustomer }: Economics): string[] {
  return [
    table(
      ["tier", "price", "LLM at cap", "share", "left", "customers", "break-even alone"],
      tiers.map((row) => [...tierCells(row), `${row.breakEven} customers`]),
    ),
    table(
      ["case", "customers", "revenue", "LLM at cap", "infrastructure", "margin", "of revenue"],
      CASES.map((name) => {
        const row = cases[name];
        return [
          name,
          String(row.customers),
          dollars(row.revenue),
          dollars(row.llmAtCap),
          `${dollars(row.infrastructure)} (${dollars(row.infrastructurePerCustomer)} each)`,
          dollars(row.margin),
          percent(row.margin, row.revenue),
        ];
      }),
    ),
    `Break-even: ${breakEven} customers in the expected mix. The infrastructure is every environment's. One more customer adds ${dollars(marginalCustomer)} of infrastructure to this one.`,
  ];
}

function priceNotes({ oldest, newest, unverified, elsewhere }: PriceNotes, region: string): string[] {
  const regions = [...new Set(elsewhere.map((each) => each.region))];
  return [
    `Read between ${oldest} and ${newest}, without taxes and discounts: infra/cost/prices.json names each source.`,
    ...regions.map((other) => {
      const ids = elsewhere.filter((each) => each.region === other).map(({ id }) => id);
      return `Of ${other} instead of ${region}: ${ids.join(", ")}.`;
    }),
    ...unverified.map(({ id, reason }) => `${pc.yellow("Unverified")} ${id}: ${reason}.`),
  ];
}

function heading(text: string): string {
  return `\n${pc.bold(text)}`;
}

function table(head: string[], rows: string[][]): string {
  const numeric = head.map(
    (_, at) => rows.length > 0 && rows.every((row) => /^(-?\$|\d|-$)/.test(row[at] || "$")),
  );
  const made = new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: numeric.map((right) => (right ? "right" : "left")),
  });
  made.push(...rows);
  return made.toString();
}
