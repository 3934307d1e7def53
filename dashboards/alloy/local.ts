import { LINES, lineProcessing } from "./lines";
import { redisMetrics, remoteWrite } from "./metrics";
import { alloy, expression } from "./syntax";

/**
 * This machine: the lines of the services' log files, by the file's name, and the metrics of Redis.
 *
 * @param folder The log files, `<service>.log`.
 */
export function localCollector(folder: string): string {
  return alloy([
    {
      type: "local.file_match",
      label: "logs",
      attributes: { path_targets: [{ __path__: `${folder}/*.log` }], sync_period: "5s" },
    },
    {
      type: "discovery.relabel",
      label: "logs",
      attributes: { targets: expression("local.file_match.logs.targets") },
      blocks: [
        {
          type: "rule",
          attributes: { source_labels: ["__path__"], regex: ".*/([^/]+)[.]log", target_label: "service" },
        },
      ],
    },
    {
      type: "loki.source.file",
      label: "logs",
      attributes: { targets: expression("discovery.relabel.logs.output"), forward_to: [LINES] },
    },
    ...lineProcessing(),
    ...redisMetrics({ name: "redis", host: "REDIS_HOST", port: "REDIS_PORT", password: "REDIS_PASSWORD" }),
    remoteWrite(),
  ]);
}
