import * as pulumi from "@pulumi/pulumi";
import { AlertPolicy } from "@pulumi/gcp/monitoring/alertPolicy";
import { NotificationChannel } from "@pulumi/gcp/monitoring/notificationChannel";
import { UptimeCheckConfig } from "@pulumi/gcp/monitoring/uptimeCheckConfig";
import type { LabelMap } from "./labels";

export interface OutsideWatchArgs {
  project: pulumi.Input<string>;
  labels: LabelMap;
  /** The path of a public service's health check. */
  ready: { host: pulumi.Input<string>; path: string };
  /** Name of a Cloud Run service inside the network, whose failures are counted. */
  inner: pulumi.Input<string>;
  /** Failures (5xx) of it in five minutes that are too many. Default 10. */
  maxFailures?: number;
  /** Who is notified by e-mail. */
  email: string;
}

/**
 * Cloud Monitoring's own look at a stack: an uptime check on its public service, and a count of failures of one inside. It goes on when
 * the stack's Prometheus and Alertmanager do not.
 *
 * @example
 * ```ts
 * import { OutsideWatch } from "./components/outside-watch";
 * import { labelsOf } from "./components/labels";
 * new OutsideWatch("outside", {
 *   project: "acme-prod",
 *   labels: labelsOf({ environment: "prod", class: "prod", owner: "platform" }, "outside", 4),
 *   ready: { host: "tollgate-agent-100000000002.europe-west1.run.app", path: "/readyz" },
 *   inner: "tollgate-gateway",
 *   email: "operations@example.com",
 * });
 * ```
 */
export class OutsideWatch extends pulumi.ComponentResource {
  constructor(name: string, args: OutsideWatchArgs, opts?: pulumi.ComponentResourceOptions) {
    const { project, ready, inner, maxFailures = 10, email, labels } = args;
    super("tollgate:gcp:OutsideWatch", name, { path: ready.path, maxFailures, email }, opts);
    const child = { parent: this };
    const channel = new NotificationChannel(
      name,
      {
        project,
        displayName: "Tollgate operations",
        type: "email",
        labels: { email_address: email },
        userLabels: labels,
      },
      child,
    );
    const check = new UptimeCheckConfig(
      name,
      {
        project,
        displayName: `tollgate-${name}`,
        period: "60s",
        timeout: "10s",
        httpCheck: { path: ready.path, port: 443, useSsl: true, validateSsl: true },
        monitoredResource: { type: "uptime_url", labels: { project_id: project, host: ready.host } },
        userLabels: labels,
      },
      child,
    );
    const common = {
      project,
      combiner: "OR",
      notificationChannels: [channel.name],
      userLabels: labels,
    };
    new AlertPolicy(
      `${name}-unreachable`,
      {
        ...common,
        displayName: "Tollgate: customers cannot reach the agent",
        severity: "CRITICAL",
        conditions: [
          {
            displayName: "More than one region has failed for two minutes",
            conditionThreshold: {
              filter: pulumi.interpolate`metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND metric.labels.check_id="${check.uptimeCheckId}"`,
              comparison: "COMPARISON_GT",
              thresholdValue: 1,
              duration: "120s",
              aggregations: [
                {
                  alignmentPeriod: "120s",
                  perSeriesAligner: "ALIGN_NEXT_OLDER",
                  crossSeriesReducer: "REDUCE_COUNT_FALSE",
                  groupByFields: ["resource.label.host"],
                },
              ],
              trigger: { count: 1 },
            },
          },
        ],
        documentation: {
          mimeType: "text/markdown",
          content: `The agent's ${ready.path} names what it misses: the ledger or the gateway. docs/runbooks/TargetDown.md goes on from there.`,
        },
      },
      child,
    );
    new AlertPolicy(
      `${name}-failing`,
      {
        ...common,
        displayName: "Tollgate: the gateway fails",
        severity: "CRITICAL",
        conditions: [
          {
            displayName: `More than ${maxFailures} answers of 5xx in five minutes`,
            conditionThreshold: {
              filter: pulumi.interpolate`metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision" AND resource.labels.service_name="${inner}" AND metric.labels.response_code_class="5xx"`,
              comparison: "COMPARISON_GT",
              thresholdValue: maxFailures,
              duration: "0s",
              aggregations: [
                {
                  alignmentPeriod: "300s",
                  perSeriesAligner: "ALIGN_DELTA",
                  crossSeriesReducer: "REDUCE_SUM",
                },
              ],
              trigger: { count: 1 },
            },
          },
        ],
        documentation: {
          mimeType: "text/markdown",
          content:
            "503: the ledger cannot be reached and calls are refused (docs/runbooks/GatewayFailsClosed.md).",
        },
      },
      child,
    );
    this.registerOutputs({});
  }
}
