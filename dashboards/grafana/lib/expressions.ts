import { records } from "../../prometheus/rules/recording";

/** PromQL: the share of requests that fail, by service. A service without failures has no series of them: that is zero. */
export const FAILING_SHARE = `(${records.errors} or ${records.requests} * 0) / (${records.requests} > 0)`;

/** PromQL: growth a second over the panel's steps. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;
