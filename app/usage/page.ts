import { createHash } from "node:crypto";
import { budgetState, type BudgetState } from "./state";
import { STYLE } from "./style";
import type { UsageSummary } from "./summary";

/** What a browser may do with the page: show it, and send its form here. No script, no frame, nothing from elsewhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page that asks for a key. @param problem why the last one was not taken. */
export function keyPage(problem?: string): string {
  return page(
    "Your usage",
    `<h1>Your usage</h1>
<p class="faint">What your conversations with the assistant cost this month, and what is left.</p>
<form method="post" action="/usage">
${problem === undefined ? "" : `<p class="problem" role="alert" id="problem">${escape(problem)}</p>`}
<label for="key">Your key</label>
<input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false"${problem === undefined ? "" : ' aria-invalid="true" aria-describedby="problem"'}>
<div><button type="submit">Show my usage</button></div>
</form>`,
  );
}

/** A page with nothing but a sentence. */
export function problemPage(problem: string): string {
  return page("Your usage", `<h1>Your usage</h1>\n<p class="problem" role="alert">${escape(problem)}</p>`);
}

/** A customer's usage. */
export function usagePage(usage: UsageSummary): string {
  const { budget, month } = usage;
  return page(
    "Your usage",
    `<h1>Your usage</h1>
<p class="faint">${escape(usage.customer_id)}, ${escape(usage.plan_tier.replace("_", " "))}. Budget month from ${day(month.from)} until ${day(month.until)}, UTC.</p>
<div class="cards">
<section aria-labelledby="budget">
<h2 id="budget">Budget</h2>
<p><span class="figure">${cents(budget.left_nanos)}</span> left of ${cents(budget.cap_nanos)}</p>
${gauge(budget.used_percent, budgetState(budget.used_percent))}
<p>${budget.used_percent} % used: ${cents(budget.spent_nanos)} spent in ${budget.calls} ${budget.calls === 1 ? "call" : "calls"}${budget.held_nanos > 0 ? `, ${cents(budget.held_nanos)} held for calls under way` : ""}.</p>
</section>
<section aria-labelledby="forecast">
<h2 id="forecast">Forecast</h2>
${forecast(usage)}
</section>
<section aria-labelledby="questions">
<h2 id="questions">By kind of question</h2>
${questions(usage)}
</section>
<section aria-labelledby="limits">
<h2 id="limits">What happens near the limit</h2>
<dl>${usage.limits.map(({ percent, what }) => `<dt>At ${percent} %</dt><dd>${escape(what)}</dd>`).join("")}</dl>
</section>
<section aria-labelledby="days">
<h2 id="days">By day</h2>
${days(usage)}
</section>
</div>`,
  );
}

function forecast({ forecast, month }: UsageSummary): string {
  if (!forecast) return "<p>There is a forecast after three days of use.</p>";
  const { expected_nanos, low_nanos, high_nanos, runs_out_on, based_on_days } = forecast;
  const end =
    runs_out_on === null
      ? `<p>The budget lasts until ${day(month.until)}.</p>`
      : `<p class="problem">At this rate the budget is used up on ${day(runs_out_on)}.</p>`;
  return `<p><span class="figure">${cents(expected_nanos)}</span> expected by the end of the month</p>
${end}
<p class="faint">Probably between ${cents(low_nanos)} and ${cents(high_nanos)}, based on the same weekdays in the last ${based_on_days} days.</p>`;
}

function days({ by_day }: UsageSummary): string {
  const most = Math.max(1, ...by_day.map(({ spent_nanos }) => spent_nanos));
  const rows = by_day.map(
    ({ day: of, spent_nanos }) =>
      `<tr><th scope="row">${day(of)}</th><td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="${((spent_nanos / most) * 100).toFixed(1)}" height="8"/></svg></td><td class="number">${cents(spent_nanos)}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">Day</th><td></td><th scope="col" class="number">Spent</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function questions({ by_question }: UsageSummary): string {
  if (by_question.length === 0) return "<p>No questions this month yet.</p>";
  const rows = by_question.map(
    ({ title, calls, spent_nanos }) =>
      `<tr><th scope="row">${escape(title)}</th><td class="number">${calls}</td><td class="number">${cents(spent_nanos)}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">Kind</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Spent</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function gauge(percent: number, state: BudgetState): string {
  const used = Math.min(100, percent);
  return `<svg class="gauge ${state}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${percent} % of the budget used"><rect class="whole" width="100" height="8" rx="1"/><rect class="used" width="${used}" height="8" rx="1"/></svg>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

/** Whole cents; of less than one, so that nothing which cost something reads as nothing. */
function cents(nanos: number): string {
  return nanos > 0 && nanos < 10_000_000 ? "under $0.01" : `$${(nanos / 1e9).toFixed(2)}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

function day(iso: string): string {
  return `<time datetime="${iso}">${DAY.format(new Date(iso))}</time>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
