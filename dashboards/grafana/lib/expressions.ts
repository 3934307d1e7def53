import { records } from "../../prometheus/rules/recording";
import { WATCHDOG } from "../../watchdog";

/** PromQL: the share of requests that fail, by service. A service without failures has no series of them: that is zero. */
export const FAILING_SHARE = `(${records.errors} or ${records.requests} * 0) / (${records.requests} > 0)`;

/** What distinguishes the rows of "Firing now". */
export const ALERT_COLUMNS = ["alertname", "severity", "service", "customer_id", "session_id"];

/** PromQL: alerts by severity, counted as the rows of "Firing now". */
export const firingBySeverity = (matchers: string): string =>
  `count by (severity) (count by (${ALERT_COLUMNS.join(", ")}) (ALERTS{alertname!="${WATCHDOG}",${matchers}}))`;

/** PromQL: zero while the ledger's exporter answers, nothing while it does not. */
export const ZERO_WHILE_LEDGER_ANSWERS = "max(tollgate_ledger_up) * 0";

/** PromQL: a whole number of events in the time range; `increase` alone gives fractions. */
export const countInRange = (selector: string, by: string): string =>
  `round(sum by (${by}) (increase(${selector}[$__range])))`;

/** PromQL: growth a second over the panel's steps. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;
