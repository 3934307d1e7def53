import { envOf, secrets, service, type EnvValue, type Service } from "../../catalogue";

/** Services of the catalogue that are another one here, by name. */
const STANDS_IN: Record<string, string> = { cache: "redis" };

/** Where operators set what the catalogue leaves to the target, with its default: variables of `.env`. */
export const SETTINGS: Record<"environment" | "project" | "region" | "domain", string> = {
  environment: "${TOLLGATE_ENVIRONMENT:-dev}",
  project: "${GOOGLE_CLOUD_PROJECT:-}",
  region: "${GOOGLE_CLOUD_REGION:-}",
  domain: "${TOLLGATE_HOST:-localhost}",
};

/** Values of the catalogue that `.env` may replace: a machine without customers' projects shows the sample. */
const REPLACEABLE = new Set(["TOLLGATE_DATA_SOURCE"]);

/** The container's name on the network of a service of the catalogue. */
export function hostOf(name: string): string {
  return STANDS_IN[name] ?? name;
}

export interface Environment {
  plain: Record<string, string>;
  /** The secret's name by the variable's. */
  secret: Record<string, string>;
}

/** The environment of a service on Compose. */
export function environmentOf(target: Service): Environment {
  const plain: Record<string, string> = {};
  const secret: Record<string, string> = {};
  for (const [name, value] of Object.entries(envOf(target, "compose"))) {
    if (typeof value === "object" && "secret" in value) secret[name] = value.secret;
    else plain[name] = REPLACEABLE.has(name) ? `\${${name}:-${resolve(value)}}` : resolve(value);
  }
  return { plain, secret };
}

/** Secrets that a service reads as files, by path; without TLS between containers there are no certificates to trust. */
export function secretFilesOf({ secretFiles = {} }: Service): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secretFiles).filter(([, name]) => !("certificateOf" in secrets[name]!)),
  );
}

function resolve(value: Exclude<EnvValue, { secret: string }>): string {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if ("url" in value) {
    const { scheme = "http", url, path = "" } = value;
    return `${scheme}://${hostOf(url)}:${portOf(url, value.port)}${path}`;
  }
  if ("host" in value) return hostOf(value.host);
  if ("port" in value) return String(portOf(value.port));
  if ("bucket" in value) return value.bucket;
  if ("publicUrl" in value) return publicUrl(value.publicUrl);
  return SETTINGS[value.setting];
}

function portOf(name: string, extra?: string): number {
  const { port, extraPorts } = service(hostOf(name));
  const found = extra ? extraPorts?.[extra] : port;
  if (found === undefined)
    throw new Error(`${name} has no port${extra ? ` "${extra}"` : ""}: add it to the catalogue`);
  return found;
}

/** What is published on every address is opened under the machine's name, the rest through a tunnel to its loopback. */
export const PUBLISHED_BEYOND_LOOPBACK = new Set(["agent", "grafana"]);

function publicUrl(name: string): string {
  const host = PUBLISHED_BEYOND_LOOPBACK.has(name) ? SETTINGS.domain : "localhost";
  return `http://${host}:${portOf(name)}`;
}
