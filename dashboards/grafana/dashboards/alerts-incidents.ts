import { errorLines, errorLogs, logQueries } from "../../loki/queries";
import { records } from "../../prometheus/rules/recording";
import { thresholds } from "../../thresholds";
import { sources } from "../datasources";
import { dashboard, type Row } from "../lib/dashboard";
import { ALERT_COLUMNS, FAILING_SHARE, firingBySeverity, severityRank } from "../lib/expressions";
import { toDashboard, toExplore, toPage } from "../lib/links";
import { bars, logLines, stat, table, timeline, timeSeries } from "../lib/panels";
import { CUSTOMER, SESSION, TIME, TRACE } from "../lib/table";
import { logs, prom, promNow, promTable, sql, usdOf } from "../lib/queries";
import {
  actionColors,
  budgetSteps,
  limitSteps,
  noneSteps,
  severityColors,
  severitySteps,
} from "../lib/thresholds";
import { unit } from "../lib/units";

/** Of Alertmanager's many integrations, those that notifications go to. */
const RECEIVERS = `{integration=~"slack|pagerduty|email"}`;

const alerts: Row = {
  title: "Alerts",
  panels: [
    stat({
      title: "Firing",
      description: "By severity. Silence them in Grafana under Alerting, Alertmanager.",
      unit: unit.count,
      width: 6,
      height: 8,
      steps: noneSteps,
      overrides: severityColors,
      noValue: "none",
      queries: firingBySeverity(),
    }),
    table({
      title: "Firing now",
      description: "What fires, of which service, the worst first. Its runbook is named in the notification.",
      width: 18,
      noValue: "nothing fires",
      queries: [promTable(`sort_desc(${severityRank(ALERT_COLUMNS)})`)],
      transform: [
        {
          id: "organize",
          options: {
            excludeByName: { Time: true, Value: true },
            indexByName: Object.fromEntries(ALERT_COLUMNS.map((column, at) => [column, at])),
            renameByName: {
              alertname: "Alert",
              severity: "Severity",
              service: "Service",
              customer_id: "Customer",
              session_id: "Session",
            },
          },
        },
      ],
      columns: { Alert: { width: 220 }, Severity: { width: 100 }, Service: { width: 150 } },
    }),
    timeline({
      title: "Timeline",
      description: "Each alert while it fires: red is critical, orange a warning, blue for information.",
      unit: unit.none,
      width: 24,
      height: 10,
      steps: severitySteps,
      noValue: "nothing fired",
      queries: [prom(severityRank(["alertname", "service"]), "{{alertname}} {{service}}")],
    }),
    timeSeries({
      title: "Notifications",
      description:
        "Sent and failed, by Slack, PagerDuty and e-mail. A failure is an alert that was not delivered.",
      unit: unit.countsPerSecond,
      width: 12,
      queries: [
        prom(
          `sum by (integration) (rate(alertmanager_notifications_total${RECEIVERS}[$__rate_interval]))`,
          "{{integration}} sent",
        ),
        prom(
          `sum by (integration) (rate(alertmanager_notifications_failed_total${RECEIVERS}[$__rate_interval]))`,
          "{{integration}} failed",
        ),
      ],
    }),
    timeSeries({
      title: "Error budget burn",
      description: `How many times faster than sustainable the budget of failed tool calls is used, for
        ${thresholds.slo.objective * 100} % over 30 days.`,
      unit: unit.none,
      width: 12,
      queries: [...new Set(thresholds.slo.burns.map(({ long }) => long))].map((window) =>
        prom(
          `(${records.errorRatio(window)} or vector(0)) / ${Number((1 - thresholds.slo.objective).toPrecision(6))}`,
          window,
        ),
      ),
    }),
  ],
};

const PERCENT_STEPS = budgetSteps.map(([share, color]): [number, string] => [Math.round(share * 100), color]);

const budgets = (langfuse: string): Row => ({
  title: "Budget breaches",
  panels: [
    table({
      title: "Thresholds crossed",
      description: "Each is written once per customer and month, by the transaction that crosses it.",
      width: 14,
      noValue: "no threshold crossed",
      queries: [
        sql(`
          SELECT crossed_at AS "Time", customer_id AS "Customer", percent AS "Percent", action AS "Action",
            ${usdOf("spent_nanos")} AS "Spent", ${usdOf("cap_nanos")} AS "Cap"
          FROM ledger.crossings WHERE $__timeFilter(crossed_at) AND customer_id IN (\${customer_id:sqlstring})
          ORDER BY crossed_at DESC LIMIT 200`),
      ],
      columns: {
        Time: TIME,
        Customer: {
          link: toDashboard("Sessions", "llm-cost-operations", { customer_id: "Customer" }),
          width: CUSTOMER,
        },
        Percent: { unit: unit.none, steps: PERCENT_STEPS, cell: "background" },
        Spent: { unit: unit.usd },
        Cap: { unit: unit.usd },
      },
    }),
    bars({
      title: "Crossings by action",
      description:
        "Of the time range: a month in which many are blocked has tiers or prices that do not fit.",
      unit: unit.count,
      width: 10,
      rows: true,
      queries: [
        sql(`
          SELECT action, count(crossed_at) AS crossings
          FROM (VALUES ${actionColors.map(({ action }, i) => `('${action}', ${i})`).join(", ")}) AS actions (action, place)
          LEFT JOIN (SELECT action, crossed_at FROM ledger.crossings WHERE $__timeFilter(crossed_at)) AS c USING (action)
          GROUP BY action, place ORDER BY place`),
      ],
    }),
    table({
      title: "Refusals",
      description:
        "Calls that were not made because a limit was reached: customer, reason, and the trace that they were part of.",
      width: 24,
      noValue: "no refusals",
      queries: [
        sql(`
          SELECT at AS "Time", customer_id AS "Customer", session_id AS "Session", reason AS "Reason", route AS "Route",
            trace_id AS "Trace"
          FROM ledger.refusals WHERE $__timeFilter(at) AND customer_id IN (\${customer_id:sqlstring})
          ORDER BY at DESC LIMIT 200`),
      ],
      columns: {
        Time: TIME,
        Customer: { link: toDashboard("Sessions", "llm-cost-operations", { customer_id: "Customer" }) },
        Session: { link: toPage("Session in Langfuse", `${langfuse}/sessions`, "Session"), width: SESSION },
        Trace: { link: toPage("Trace in Langfuse", `${langfuse}/traces`, "Trace"), width: TRACE },
      },
    }),
    logLines({
      title: logQueries.gateway.budgets.title,
      description: logQueries.gateway.budgets.description,
      width: 24,
      queries: [logs(logQueries.gateway.budgets.expr)],
    }),
  ],
});

/** Answers that mean the provider is ill, of all that it was asked. */
const PROVIDER_ERRORS = `sum by (provider) (rate(tollgate_guard_provider_errors_total{status=~"5xx|timeout|connection"}[$__rate_interval]))`;
const PROVIDER_CALLS = `sum by (provider) (rate(tollgate_guard_calls_total[$__rate_interval]))`;

const providers: Row = {
  title: "Providers",
  panels: [
    timeline({
      title: "Outages",
      description:
        "Share of the calls to a provider that it failed: green is healthy, red is what Provider Down looks at.",
      unit: unit.share,
      width: 12,
      steps: limitSteps(thresholds.provider.share),
      noValue: "no calls",
      queries: [
        prom(`(${PROVIDER_ERRORS} or ${PROVIDER_CALLS} * 0) / (${PROVIDER_CALLS} > 0)`, "{{provider}}"),
      ],
    }),
    timeSeries({
      title: "Errors by provider and status",
      description: "A second. 429 is our quota, 4xx our request; the rest is theirs.",
      unit: unit.perSecond,
      width: 12,
      noValue: "no errors",
      bars: true,
      queries: [
        prom(
          "sum by (provider, status) (rate(tollgate_guard_provider_errors_total[$__rate_interval])) > 0",
          "{{provider}} {{status}}",
        ),
      ],
    }),
    ...[logQueries.gateway.providerErrors, logQueries.gateway.fallbacks, logQueries.gateway.rateLimits].map(
      ({ title, description, expr }) => logLines({ title, description, queries: [logs(expr)] }),
    ),
  ],
};

const anomalies: Row = {
  title: "Error anomalies",
  panels: [
    timeSeries({
      title: "Failing requests, against their day",
      description:
        "Share of requests that fail, and the day's average plus three standard deviations: above it is unusual.",
      unit: unit.share,
      width: 12,
      queries: [
        prom(FAILING_SHARE, "{{service}}"),
        prom(
          `avg_over_time((${FAILING_SHARE})[1d:5m])
           + 3 * stddev_over_time((${FAILING_SHARE})[1d:5m])`,
          "{{service}} unusual",
        ),
      ],
    }),
    timeSeries({
      title: "Error lines by service",
      description: "Log lines a second at level error.",
      unit: unit.countsPerSecond,
      width: 12,
      noValue: "no errors",
      links: [toExplore("Lines in Explore", errorLogs, sources.loki.uid)],
      queries: [logs(errorLines, "{{service}}")],
    }),
    stat({
      title: "Calls over their hold",
      description:
        "Calls that cost more than was held for them, in the time range. There must be none: a price or a bound is wrong.",
      unit: unit.count,
      width: 12,
      steps: noneSteps,
      queries: [
        promNow("round(sum(increase(tollgate_guard_over_hold_total[$__range]))) or vector(0)", "calls"),
      ],
    }),
    stat({
      title: "Unpriced models refused",
      description: "Calls to a model without a price, in the time range: add it to the definitions.",
      unit: unit.count,
      width: 12,
      steps: noneSteps,
      queries: [
        promNow(
          `round(sum(increase(tollgate_guard_decisions_total{reason="unpriced_model"}[$__range]))) or vector(0)`,
          "calls",
        ),
      ],
    }),
  ],
};

const operators: Row = {
  title: "Operators",
  panels: [
    table({
      title: "Brakes that are on",
      description:
        "Calls that are refused because an operator stopped them: `tollgate brake off` lets them go on.",
      width: 8,
      noValue: "no brake is on",
      queries: [
        sql(
          `SELECT since AS "Since", trim(scope || ' ' || value) AS "Stopped", reason AS "Why" FROM ledger.brakes ORDER BY since`,
        ),
      ],
      columns: { Since: TIME },
    }),
    table({
      title: "Changes",
      description:
        "Who changed customers, budgets and brakes, and why, in the time range. `tollgate audit` has from and to.",
      width: 16,
      noValue: "nothing was changed",
      queries: [
        sql(`
          SELECT at AS "When", actor AS "Who", action AS "What", coalesce(customer_id, '') AS "Customer", reason AS "Why"
          FROM ledger.audit WHERE $__timeFilter(at) ORDER BY audit_id DESC LIMIT 100`),
      ],
      columns: { When: TIME },
    }),
  ],
};

/**
 * For whoever is on call: what fires, who is affected, what the providers do.
 *
 * @param langfuse Address of the Langfuse project's pages, without a slash at the end.
 */
export const alertsIncidents = (langfuse: string) =>
  dashboard({
    uid: "alerts-incidents",
    title: "Alerts & Incidents",
    description: "Alerts, budget breaches, provider outages and unusual errors.",
    from: "now-24h",
    refresh: "30s",
    rows: [alerts, budgets(langfuse), providers, anomalies, operators],
  });
