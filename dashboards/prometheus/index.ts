import { prometheusFiles } from "./config";
import { composePrometheus } from "./targets";

export { prometheusFiles, type PrometheusSettings } from "./config";
export { alertGroups, type Alert, type Severity } from "./rules";
export {
  composePrometheus,
  googlePrometheus,
  localPrometheus,
  type GooglePrometheusOptions,
  type LocalPrometheusOptions,
} from "./targets";

/** `generated/prometheus/`: what Compose mounts. The other targets render the same with their own addresses. */
export function renderPrometheusFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(prometheusFiles(composePrometheus())).map(([path, text]) => [`prometheus/${path}`, text]),
  );
}
