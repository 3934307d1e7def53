import { LINES, lineProcessing } from "./lines";
import { catalogue } from "../../catalogue";
import { ownMetrics, redisMetrics, remoteWrite } from "./metrics";
import { alloy, expression, type Block } from "./syntax";

const DOCKER = "unix:///var/run/docker.sock";
const COMPOSE_LABEL = "__meta_docker_container_label_com_docker_compose";

/** Compose: the logs of the project's containers, by the name of their service, and the metrics of Redis. */
export function composeCollector(): string {
  const ofProject: Block = {
    type: "filter",
    attributes: { name: "label", values: ["com.docker.compose.project=tollgate"] },
  };
  return alloy([
    { type: "discovery.docker", label: "project", attributes: { host: DOCKER }, blocks: [ofProject] },
    {
      type: "discovery.relabel",
      label: "services",
      attributes: { targets: expression("discovery.docker.project.targets") },
      blocks: [
        {
          type: "rule",
          attributes: { source_labels: [`${COMPOSE_LABEL}_service`], target_label: "service" },
        },
      ],
    },
    {
      type: "loki.source.docker",
      label: "containers",
      attributes: {
        host: DOCKER,
        targets: expression("discovery.relabel.services.output"),
        forward_to: [LINES],
      },
    },
    ...lineProcessing(),
    ...redisMetrics({ name: "redis", host: "REDIS_HOST", port: "REDIS_PORT", password: "REDIS_PASSWORD" }),
    remoteWrite(),
  ]);
}

/** Services that may share an instance of Cloud Run. */
function sharing(): string[] {
  return catalogue.filter(({ share }) => share).map(({ name }) => name);
}

/**
 * Google Cloud: what the log sink exports to Pub/Sub, by the name of the service.
 *
 * @param subscription The Pub/Sub subscription that the sink fills.
 * @param pushesOwnMetrics Whether nothing can scrape the collector, so that it sends its own metrics to Prometheus.
 */
export function googleLogCollector(project: string, subscription: string, pushesOwnMetrics = false): string {
  return alloy([
    ...(pushesOwnMetrics ? [...ownMetrics("alloy"), remoteWrite()] : []),
    {
      type: "loki.source.gcplog",
      label: "exported",
      attributes: {
        relabel_rules: expression("loki.relabel.service.rules"),
        forward_to: [LINES],
      },
      blocks: [
        {
          type: "pull",
          attributes: { project_id: project, subscription, use_incoming_timestamp: true },
        },
      ],
    },
    {
      type: "loki.relabel",
      label: "service",
      attributes: { forward_to: [] },
      blocks: [
        {
          type: "rule",
          attributes: {
            source_labels: ["__gcp_resource_labels_service_name"],
            regex: "tollgate-(.+)",
            target_label: "service",
          },
        },
        {
          type: "rule",
          attributes: {
            source_labels: ["__gcp_resource_labels_worker_pool_name"],
            regex: "tollgate-(.+)",
            target_label: "service",
          },
        },
        // Where services share an instance, the container has the service's name.
        {
          type: "rule",
          attributes: {
            source_labels: ["__gcp_labels_container_name"],
            regex: `(${sharing().join("|")})`,
            target_label: "service",
          },
        },
        // The only machine: Cloud Run has everything else.
        {
          type: "rule",
          attributes: {
            source_labels: ["__gcp_resource_type"],
            regex: "gce_instance",
            replacement: "clickhouse",
            target_label: "service",
          },
        },
        {
          type: "rule",
          attributes: { source_labels: ["__gcp_severity"], target_label: "platform_severity" },
        },
      ],
    },
    ...lineProcessing([
      // Cloud Logging wraps what a service wrote: as `jsonPayload` where it was JSON, as `textPayload` where not. The agent of
      // a machine wraps a container's line once more.
      {
        type: "stage.json",
        attributes: {
          expressions: {
            payload: "jsonPayload",
            text: "textPayload",
            container: `jsonPayload."cos.googleapis.com/container_name"`,
            container_line: "jsonPayload.message",
          },
        },
      },
      {
        type: "stage.template",
        attributes: {
          source: "line",
          template:
            "{{ if .container }}{{ .container_line }}{{ else if .payload }}{{ .payload }}{{ else if .text }}{{ .text }}{{ else }}{{ .Entry }}{{ end }}",
        },
      },
      { type: "stage.output", attributes: { source: "line" } },
    ]),
  ]);
}

/** `generated/alloy/`: what Compose mounts. */
export function renderAlloyFiles(): Record<string, string> {
  return { "alloy/config.alloy": composeCollector() };
}
