import { records } from "../../prometheus/rules/recording";
import { SEVERITIES, type Severity } from "../../prometheus/rules/rule";
import { WATCHDOG } from "../../watchdog";
import { promNow, type Query } from "./queries";

/** PromQL: the share of requests that fail, by service. A service without failures has no series of them: that is zero. */
export const FAILING_SHARE = `(${records.errors} or ${records.requests} * 0) / (${records.requests} > 0)`;

/** What distinguishes the rows of "Firing now". */
export const ALERT_COLUMNS = ["alertname", "severity", "service", "customer_id", "session_id"];

const firing = (severity: Severity) =>
  `ALERTS{alertstate="firing",alertname!="${WATCHDOG}",severity="${severity}"}`;

/** A query a severity, the worst first: how many alerts of it fire, counted as the rows of "Firing now". */
export const firingBySeverity = (severities: readonly Severity[] = SEVERITIES): Query[] =>
  severities.map((severity) =>
    promNow(`count(count by (${ALERT_COLUMNS.join(", ")}) (${firing(severity)}))`, severity),
  );

/** PromQL: 3 while a critical alert fires, 2 for a warning, 1 for an info, by labels. */
export const severityRank = (by: readonly string[]): string =>
  `max by (${by.join(", ")}) (${SEVERITIES.map((severity, i) => `${firing(severity)} * ${SEVERITIES.length - i}`).join(" or ")})`;

/** PromQL: zero while the ledger's exporter answers, nothing while it does not. */
export const ZERO_WHILE_LEDGER_ANSWERS = "max(tollgate_ledger_up) * 0";

/** PromQL: a whole number of events in the time range; `increase` alone gives fractions. */
export const countInRange = (selector: string, by: string): string =>
  `round(sum by (${by}) (increase(${selector}[$__range])))`;

/** SQL or PromQL: a used share to a tenth of a per cent, rounded down: only what is used up shows as 100 %. */
export const usedShare = (share: string): string => `floor((${share}) * 1000) / 1000`;

/** PromQL: growth a second over the panel's steps. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;

/** PromQL: like {@link rate}, over two minutes at least: a quantile's or a mean's point would else be one or two observations. */
export const smoothRate = (selector: string): string => `avg_over_time(${rate(selector)}[2m:])`;
