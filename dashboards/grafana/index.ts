import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { stringify } from "yaml";
import { LANGFUSE_PROJECT, type Links } from "../links";
import { composePrometheus } from "../prometheus";
import { agentPerformance } from "./dashboards/agent-performance";
import { alertsIncidents } from "./dashboards/alerts-incidents";
import { executiveOverview } from "./dashboards/executive-overview";
import { infrastructure } from "./dashboards/infrastructure";
import { llmCostOperations } from "./dashboards/llm-cost-operations";
import { traces } from "./dashboards/traces";
import { dataSourceFiles } from "./datasources";

/** Where Grafana finds the rendered files; the catalogue mounts the folder there. */
const MOUNT = "/etc/grafana";

/** What a target decides: the address of its Langfuse, as people reach it, and whether it has a Tempo. Default: none. */
export type GrafanaLinks = Pick<Links, "langfuse"> & { tempo?: boolean };

/** The dashboards; that of traces where there is a Tempo. Otherwise only what leads out of Grafana depends on the target. */
export function dashboards(links: GrafanaLinks): Dashboard[] {
  const langfuse = projectPages(links);
  return [
    executiveOverview,
    llmCostOperations(langfuse),
    agentPerformance,
    infrastructure,
    alertsIncidents(langfuse),
    ...(links.tempo ? [traces] : []),
  ];
}

/**
 * Grafana's files by their path in its configuration folder: data sources, the dashboards and what finds them.
 *
 * @param folder Where Grafana finds them.
 */
export function grafanaFiles(links: GrafanaLinks, folder = MOUNT): Record<string, string> {
  const provider = {
    name: "tollgate",
    folder: "Tollgate",
    type: "file",
    allowUiUpdates: false,
    options: { path: `${folder}/dashboards` },
  };
  return {
    ...dataSourceFiles(projectPages(links), links.tempo ?? false),
    "provisioning/dashboards/tollgate.yaml": stringify({ apiVersion: 1, providers: [provider] }),
    ...Object.fromEntries(
      dashboards(links).map((dashboard) => [
        `dashboards/${dashboard.uid}.json`,
        `${JSON.stringify(dashboard, null, 2)}\n`,
      ]),
    ),
  };
}

/** `generated/grafana/`: what Compose mounts. */
export function renderGrafanaFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(grafanaFiles({ ...composePrometheus().links, tempo: true })).map(([path, text]) => [
      `grafana/${path}`,
      text,
    ]),
  );
}

function projectPages({ langfuse }: GrafanaLinks): string {
  return `${langfuse}/project/${LANGFUSE_PROJECT}`;
}
