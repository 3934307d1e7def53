import { application } from "./application";
import { gateway } from "./gateway";
import { infrastructure } from "./infrastructure";
import { llmObservability } from "./llm-observability";
import type { Phase, Service } from "./service";

export { databaseRoles, databases, type DatabaseName, type DatabaseRole } from "./databases";
export { DATABASE_CA, databaseUrl, type DatabaseClient } from "./database-url";
export { isOwnImage, OWN_IMAGES, ownImages, publicImageReference, type OwnImageName } from "./images";
export { ports } from "./ports";
export { leadsToPostgres, secrets, type SecretSource } from "./secrets";
export { envOf } from "./service";
export type { EnvValue, Grant, Layer, Phase, Probe, Service, Target, Volume } from "./service";

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
