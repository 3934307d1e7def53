import { records } from "../../../prometheus/rules/recording";
import { thresholds } from "../../../thresholds";
import type { Row } from "../../lib/dashboard";
import { FAILING_SHARE } from "../../lib/expressions";
import { timeSeries } from "../../lib/panels";
import { prom } from "../../lib/queries";
import { limitSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";
import { cloudRate } from "./cloud-run";

/** What is asked, and what fails. */
export const traffic: Row = {
  title: "Throughput and errors",
  panels: [
    timeSeries({
      title: "Requests",
      description: "A second: what customers ask of the agent, and what the agent asks of the gateway.",
      unit: unit.perSecond,
      queries: [prom(records.requests, "{{service}}")],
    }),
    timeSeries({
      title: "Requests that fail",
      description: `Share of the last five minutes. Error Spike fires over ${thresholds.errors.share * 100} %.`,
      unit: unit.share,
      steps: limitSteps(thresholds.errors.share),
      noValue: "no requests",
      queries: [prom(FAILING_SHARE, "{{service}}")],
    }),
    timeSeries({
      title: "Cloud Run requests by answer",
      description: "A second, by class of the HTTP status.",
      unit: unit.perSecond,
      stacked: true,
      noValue: "Cloud Run reports nothing",
      queries: [prom(cloudRate("request_count", "response_code_class"), "{{response_code_class}}")],
    }),
  ],
};
