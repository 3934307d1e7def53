import type { CostReport } from "../../../infra/cost/report";
import { dollars, percent } from "../../../infra/cost/money";
import { CASES, type Range } from "../../../infra/cost/range";
import { amountCells, quantityCell, tierCells } from "../cells";
import { bars, breakEvenChart, shares } from "./charts";
import { STYLE } from "./style";
import { escape } from "./text";

/** Services and lines under a dollar are in the full table only. */
const SHOWN_SERVICES = 16;

/** The report as one page: no script, no request, light or dark as the reader's system is. */
export function reportPage(report: CostReport): string {
  const sections = [
    head(report),
    section("Where it goes", whereItGoes(report)),
    section("Three ways to run it", options(report)),
    ...(report.savings.length > 0 ? [section("What would lower it", savingsTable(report))] : []),
    section("Rollout phases", phases(report)),
    section("Unit economics", unitEconomics(report)),
    section("Every line", everyLine(report)),
    section("Prices and assumptions", pricesAndAssumptions(report)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tollgate ${escape(report.stack)}: ${dollars(report.total.expected)} a month</title>
<style>${STYLE}</style>
</head>
<body><main>
${sections.join("\n")}
</main></body>
</html>
`;
}

function section(title: string, body: string): string {
  return `<section><h2>${escape(title)}</h2>\n${body}</section>`;
}

function head({ stack, region, total, ceiling, economics, prices }: CostReport): string {
  const tiles = [
    ["expected a month", dollars(total.expected), ""],
    ["low to high", `${dollars(total.low)} – ${dollars(total.high)}`, ""],
    [
      ceiling.exceeded ? "over the ceiling of" : "ceiling, kept",
      dollars(ceiling.nanos),
      ceiling.exceeded ? "bad" : "good",
    ],
    ...(economics ? [["customers to break even", String(economics.breakEven), ""]] : []),
  ];
  return `<h1>What ${escape(stack)} costs a month</h1>
<p class="quiet">Infrastructure in ${escape(region)} by prices read between ${prices.oldest} and ${prices.newest}, before taxes and discounts. LLM calls are under unit economics.</p>
<div class="tiles">${tiles
    .map(
      ([label, value, kind]) =>
        `<div class="tile"><span class="quiet">${label}</span><b class="${kind}">${value}</b></div>`,
    )
    .join("")}</div>`;
}

function whereItGoes({ byLayer, byService, lines }: CostReport): string {
  const layers = new Map(lines.map(({ service, layer }) => [service, layer]));
  const services = byService.filter(([, { expected }]) => expected > 0);
  const rows = services
    .slice(0, SHOWN_SERVICES)
    .map(([label, amount]) => ({ label, amount, color: `--${layers.get(label)}` }));
  return `<div class="card">${shares(byLayer.map(([label, amount]) => ({ label, amount, color: `--${label}` })))}</div>
<p class="quiet" style="margin-top:14px">The most expensive services. The bar is the expected case, the thin line reaches from low to high.</p>
<div class="card">${bars(rows)}</div>`;
}

function options({ options: all, why, environment }: CostReport): string {
  const rows = all.map(({ title, total, design, name }) => ({
    label: title,
    amount: total,
    design,
    color: name === "cloud-run" ? "--application" : "--shared",
  }));
  return `<div class="card">${bars(rows)}</div>
<p class="quiet" style="margin-top:10px">Dashed: the design's estimate, for a stack without standbys. One VM and GKE keep the databases in containers; Cloud Run uses Cloud SQL, Memorystore and a ClickHouse machine${environment === "prod" ? ", with standbys" : ""}.</p>
${why.length > 0 ? `<p>Why Cloud Run costs more than the design expects:</p><ul>${why.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>` : ""}`;
}

function savingsTable({ savings, total }: CostReport): string {
  return `<p class="quiet">Each by itself; savings do not add up.</p>${table(
    ["Change", "Saves", "Of the total", "What it takes"],
    savings.map(({ what, saves, takes }) => [what, dollars(saves), percent(saves, total.expected), takes]),
    [0, 3],
  )}`;
}

function phases({ phases: all }: CostReport): string {
  const what: Record<number, string> = {
    1: "gateway, Langfuse",
    2: "Prometheus, Grafana",
    3: "logs",
    4: "alerts",
    5: "all (Tempo apart)",
  };
  return `<div class="card">${bars(
    all.map(({ phase, total }) => ({
      label: `${phase}: ${what[phase]}`,
      amount: total,
      color: "--infrastructure",
    })),
  )}</div>`;
}

function unitEconomics({ economics }: CostReport): string {
  if (!economics)
    return "<p>This environment has no customers: it is a cost. `--stack prod` shows who pays for it.</p>";
  const { tiers, cases, breakEven } = economics;
  const { customers, revenue, llmAtCap, infrastructure } = cases.expected;
  const chart = breakEvenChart({
    infrastructure,
    contribution: Math.round((revenue - llmAtCap) / customers),
    breakEven,
    customers,
  });
  return `<p>What customers leave after their LLM calls at the cap, against the infrastructure of every environment. Payment fees, support and taxes are not in it.</p>
<div class="card">${chart}</div>
${table(
  ["Tier", "Price", "LLM at cap", "Share", "Left", "Customers", "Break-even alone"],
  tiers.map((row) => [...tierCells(row), String(row.breakEven)]),
  [0],
)}
${table(
  ["Case", "Customers", "Revenue", "LLM at cap", "Infrastructure", "For each", "Margin", "Of revenue"],
  CASES.map((name) => {
    const row = cases[name];
    return [
      name,
      String(row.customers),
      dollars(row.revenue),
      dollars(row.llmAtCap),
      dollars(row.infrastructure),
      dollars(row.infrastructurePerCustomer),
      dollars(row.margin),
      percent(row.margin, row.revenue),
    ];
  }),
  [0],
)}`;
}

function everyLine({ lines }: CostReport): string {
  return `<details><summary>${lines.length} lines</summary>${table(
    ["Service", "What", "A month (expected)", "Price", "Low", "Expected", "High"],
    lines.map((line) => [line.service, line.what, quantityCell(line), line.price, ...amountCells(line.cost)]),
    [0, 1, 3],
  )}</details>`;
}

function pricesAndAssumptions({ prices, region, assumptions }: CostReport): string {
  const notes = [
    ...prices.elsewhere.map(({ id, region: other }) => [id, `of ${other}, as ${region}'s could not be read`]),
    ...prices.unverified.map(({ id, reason }) => [id, `unverified: ${reason}`]),
  ];
  const drivers = Object.entries(assumptions).filter(([name]) => name !== "customers") as [string, Range][];
  return `<p>Sources are in infra/cost/prices.json; <code>npm run cost:refresh</code> reads Google's catalogue instead.</p>
${notes.length > 0 ? table(["Price", "Note"], notes, [0, 1]) : ""}
<details style="margin-top:14px"><summary>What a month is assumed to use</summary>${table(
    ["Assumption", "Low", "Expected", "High"],
    drivers.map(([name, each]) => [name, ...CASES.map((at) => each[at].toLocaleString("en-US"))]),
    [0],
  )}</details>`;
}

/** `text`: the columns that do not hold numbers. */
function table(heads: string[], rows: string[][], text: number[]): string {
  const kind = (at: number) => (text.includes(at) ? ' class="text"' : "");
  const row = (cells: string[], tag: string) =>
    `<tr>${cells.map((cell, at) => `<${tag}${kind(at)}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="card" style="margin-top:12px"><table><thead>${row(heads, "th")}</thead><tbody>${rows
    .map((cells) => row(cells, "td"))
    .join("")}</tbody></table></div>`;
}
