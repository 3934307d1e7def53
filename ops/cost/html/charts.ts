import { NANOS_PER_DOLLAR, toDollars, type NanoDollars } from "../../../litellm-config/money";
import type { Amount } from "../../../infra/cost/estimate";
import { dollars, percent } from "../../../infra/cost/money";
import { escape } from "./text";

export interface Bar {
  label: string;
  amount: Amount;
  /** A CSS variable, such as `--gateway`. */
  color: string;
  /** A range to compare with, drawn as a dashed frame. */
  design?: { low: NanoDollars; high: NanoDollars };
}

/** Horizontal bars of the expected case, each with a thin line from low to high. */
export function bars(rows: Bar[]): string {
  const most = Math.max(...rows.flatMap(({ amount, design }) => [amount.high, design?.high ?? 0]), 1);
  const at = (nanos: number) => `${((Math.max(0, nanos) / most) * 100).toFixed(2)}%`;
  const drawn = rows.map(({ label, amount, color, design }) => {
    const title = `${label}: ${dollars(amount.expected)} (${dollars(amount.low)} to ${dollars(amount.high)})`;
    return `<div>${escape(label)}</div>
<div class="track" title="${escape(title)}"><div class="fill" style="width:${at(amount.expected)};background:var(${color})"></div><div class="span" style="left:${at(amount.low)};width:${at(amount.high - amount.low)}"></div>${
      design
        ? `<div class="design" style="left:${at(design.low)};width:${at(design.high - design.low)}"></div>`
        : ""
    }</div>
<div class="value">${dollars(amount.expected)}</div>`;
  });
  return `<div class="bars">${drawn.join("\n")}</div>`;
}

/** One bar whose parts are shares of the expected total, with a legend. */
export function shares(parts: { label: string; amount: Amount; color: string }[]): string {
  const shown = parts.filter(({ amount }) => amount.expected > 0);
  const total = shown.reduce((sum, { amount }) => sum + amount.expected, 0);
  const part = ({ label, amount, color }: (typeof shown)[number]) =>
    `<div title="${escape(label)}" style="width:${((amount.expected / total) * 100).toFixed(2)}%;background:var(${color})"></div>`;
  const entry = ({ label, amount, color }: (typeof shown)[number]) =>
    `<span><i style="background:var(${color})"></i>${escape(label)} ${dollars(amount.expected)} <span class="quiet">${percent(amount.expected, total)}</span></span>`;
  return `<div class="stack">${shown.map(part).join("")}</div><div class="legend">${shown.map(entry).join("")}</div>`;
}

export interface BreakEvenChart {
  /** Nano-dollars a month, whatever the number of customers. */
  infrastructure: NanoDollars;
  /** Average contribution of a customer in the mix. */
  contribution: NanoDollars;
  breakEven: number;
  /** Customers that are expected. */
  customers: number;
}

const WIDTH = 720;
const HEIGHT = 270;
const EDGE = { left: 64, right: 24, top: 16, bottom: 40 };

/** What customers leave after their LLM cost, against what the infrastructure costs. */
export function breakEvenChart({
  infrastructure,
  contribution,
  breakEven,
  customers,
}: BreakEvenChart): string {
  const xStep = roundStep((Math.max(breakEven, customers) * 1.2) / 5);
  const most = xStep * 5;
  const yStep = roundStep(toDollars(Math.max(contribution * most, infrastructure * 1.2)) / 4);
  const top = usdStep(yStep) * 4;
  const x = (count: number) => EDGE.left + (count / most) * (WIDTH - EDGE.left - EDGE.right);
  const y = (nanos: number) => HEIGHT - EDGE.bottom - (nanos / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const grid = [0, 1, 2, 3, 4].map((step) => {
    const at = y(usdStep(yStep) * step);
    return `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${at}" y2="${at}" stroke="var(--line)"/><text x="${EDGE.left - 8}" y="${at + 4}" text-anchor="end">$${(yStep * step).toLocaleString("en-US")}</text>`;
  });
  const ticks = [0, 1, 2, 3, 4, 5].map(
    (step) => `<text x="${x(xStep * step)}" y="${HEIGHT - 20}" text-anchor="middle">${xStep * step}</text>`,
  );
  const mark = (count: number, label: string, color: string, above: number) =>
    `<line x1="${x(count)}" x2="${x(count)}" y1="${y(0)}" y2="${y(contribution * count)}" stroke="var(${color})" stroke-dasharray="3 3"/><circle cx="${x(count)}" cy="${y(contribution * count)}" r="5" fill="var(${color})"/><text class="label" x="${x(count) - 8}" y="${y(contribution * count) - above}" text-anchor="end">${escape(label)}</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Break-even at ${breakEven} customers" width="100%">
${grid.join("")}${ticks.join("")}
<text x="${(WIDTH + EDGE.left) / 2}" y="${HEIGHT - 4}" text-anchor="middle">customers</text>
<line x1="${x(0)}" x2="${x(most)}" y1="${y(infrastructure)}" y2="${y(infrastructure)}" stroke="var(--infrastructure)" stroke-width="2"/>
<text class="label" x="${WIDTH - EDGE.right}" y="${y(infrastructure) + 16}" text-anchor="end">infrastructure ${dollars(infrastructure)}</text>
<line x1="${x(0)}" x2="${x(most)}" y1="${y(0)}" y2="${y(contribution * most)}" stroke="var(--gateway)" stroke-width="2.5"/>
${mark(breakEven, `break-even: ${breakEven} customers`, "--infrastructure", 10)}
${mark(customers, `expected: ${customers} customers`, "--gateway", 10)}
</svg>`;
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not less, and at least one. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return Math.ceil(power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= least)!);
}

function usdStep(dollarsOfStep: number): NanoDollars {
  return dollarsOfStep * NANOS_PER_DOLLAR;
}
