import { application } from "./application";
import { gateway } from "./gateway";
import { infrastructure } from "./infrastructure";
import { llmObservability } from "./llm-observability";
import type { Phase, Service } from "./service";

export { ports } from "./ports";
export type { EnvValue, Layer, Phase, Probe, Service, Volume } from "./service";

/** Every service of the stack, once. The targets (Google Cloud, Compose, this machine) render from here. */
export const catalogue: readonly Service[] = [
  ...application,
  ...gateway,
  ...llmObservability,
  ...infrastructure,
];

/** The services that a stack at some phase runs. */
export function servicesOfPhase(phase: Phase): Service[] {
  return catalogue.filter((service) => service.phase <= phase);
}

/**
 * A service by name.
 *
 * @throws Error when the catalogue has none of that name.
 */
export function service(name: string): Service {
  const found = catalogue.find((candidate) => candidate.name === name);
  if (!found) {
    throw new Error(`"${name}" is no service: name one of ${catalogue.map((each) => each.name).join(", ")}`);
  }
  return found;
}
