import { readFileSync, readdirSync } from "node:fs";
import { parse } from "yaml";
import { generated } from "./promtool";

/** An alert rule as it is committed under `generated/prometheus/rules/`. */
export interface RenderedAlert {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Every committed alert rule. */
export function renderedAlerts(): RenderedAlert[] {
  const folder = generated("prometheus/rules");
  return readdirSync(folder).flatMap((file) => {
    const { groups } = parse(readFileSync(`${folder}/${file}`, "utf8")) as {
      groups: { rules: (RenderedAlert | { record: string })[] }[];
    };
    return groups.flatMap(({ rules }) => rules).filter((rule): rule is RenderedAlert => "alert" in rule);
  });
}
