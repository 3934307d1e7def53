import { service } from "../../catalogue";
import type { StackConfig } from "../config";

/** The name of Langfuse's second face, which operators reach through the Identity-Aware Proxy. */
export const LANGFUSE_CONSOLE = "langfuse-console";

/** The private zone's name, without the final dot. */
export const PRIVATE_ZONE = "tollgate.internal";

/**
 * Cloud Run's address of a service, known before the service exists:
 * https://cloud.google.com/run/docs/triggering/https-request#deterministic
 */
export function runHost(
  name: string,
  { projectNumber, region }: Pick<StackConfig, "projectNumber" | "region">,
): string {
  return `tollgate-${name}-${projectNumber}.${region}.run.app`;
}

export function runUrl(name: string, config: Pick<StackConfig, "projectNumber" | "region">): string {
  return `https://${runHost(name, config)}`;
}

/** Where operators open a service. */
export function operatorsUrl(name: string, config: Pick<StackConfig, "projectNumber" | "region">): string {
  return runUrl(name === "langfuse-web" ? LANGFUSE_CONSOLE : name, config);
}

/** Where other services reach one: Cloud Run's address, or the machine's in the private zone. */
export function serviceUrl(
  name: string,
  config: Pick<StackConfig, "projectNumber" | "region">,
  { scheme = "http", port }: { scheme?: string; port?: string } = {},
): string {
  const target = service(name);
  if (!target.targets?.gcp) return runUrl(name, config);
  return `${scheme}://${name}.${PRIVATE_ZONE}:${port ? target.extraPorts?.[port] : target.port}`;
}
