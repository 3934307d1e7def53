import { portOf, service, type ServiceName, type Unit } from "../../catalogue";
import type { StackConfig } from "../config";
import { sharedInstanceOf } from "./instances";

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

/** Where operators open a service: its twin behind the Identity-Aware Proxy, where it has one. */
export function operatorsUrl(
  name: ServiceName,
  config: Pick<StackConfig, "projectNumber" | "region">,
): string {
  return runUrl(service(name).operatorTwin?.name ?? name, config);
}

/** https://cloud.google.com/iap/docs/signed-headers-howto#verifying_the_jwt_payload, for the proxy of Cloud Run itself */
export function iapAudience(
  name: ServiceName,
  { projectNumber, region }: Pick<StackConfig, "projectNumber" | "region">,
): string {
  const own = service(name).operatorTwin?.name ?? name;
  return `/projects/${projectNumber}/locations/${region}/services/tollgate-${own}`;
}

/**
 * Where other services reach one: Cloud Run's address, a path of it where several share an instance, or the machine's address
 * in the private zone.
 *
 * @param from Who asks: what shares its instance is on the same host.
 */
export function serviceUrl(
  name: ServiceName,
  config: Pick<StackConfig, "projectNumber" | "region" | "sizes">,
  { scheme = "http", extra }: { scheme?: string; extra?: string } = {},
  from?: Unit,
): string {
  if (service(name).managed === "machine") {
    return `${scheme}://${name}.${PRIVATE_ZONE}:${portOf(name, extra)}`;
  }
  const shared = sharedInstanceOf(service(name), config);
  if (!shared) {
    if (extra)
      throw new Error(`${name} is reached at its port "${extra}" too: give it a share, and so a router`);
    return runUrl(name, config);
  }
  return from && sharedInstanceOf(from, config) === shared
    ? `http://localhost:${portOf(name, extra)}`
    : `${runUrl(shared, config)}/${routeOf(name, extra)}`;
}

/** The first part of the path that a router knows a port of a service by. */
export function routeOf(name: string, extra?: string): string {
  return extra ? `${name}-${extra}` : name;
}
