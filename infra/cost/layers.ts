import { catalogue, findService, type Layer } from "../../catalogue";
import type { BilledResource } from "./rates/rate";

/** The three layers, and what all of them share. */
export type CostLayer = Layer | "shared";

/** Resources whose name is not a service of the catalogue, and their owner. */
const ALSO: Record<string, CostLayer> = {
  "langfuse-events": "llm-observability",
  "langfuse-media": "llm-observability",
  "langfuse-exports": "llm-observability",
  "trace-archive": "llm-observability",
  "ledger-archive": "gateway",
  "log-archive": "infrastructure",
  logs: "infrastructure",
  watch: "infrastructure",
  workers: "infrastructure",
};

/** The service that a resource belongs to: its label, else its name. */
export function serviceOf({ type, name, inputs }: BilledResource): string {
  if (type.startsWith("gcp:secretmanager/")) return "secrets";
  return inputs.labels?.service ?? inputs.settings?.userLabels?.service ?? name;
}

export function layerOf(service: string): CostLayer {
  const found = findService(service) ?? catalogue.find(({ operatorTwin }) => operatorTwin?.name === service);
  return ALSO[service] ?? found?.layer ?? "shared";
}
