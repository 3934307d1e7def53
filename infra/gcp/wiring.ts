import type * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../../components/bucket";
import type { ConfigFiles } from "../../components/config-files";
import type { ContainerInputs } from "../../components/run/container";
import type { RunServiceArgs } from "../../components/run/service";
import type { PinnedSecret } from "../../components/secret";
import type { Edge } from "../../components/workload";
import { DATABASE_CA, envOf, leadsToPostgres, service, type EnvValue, type Service } from "../../catalogue";
import type { StackConfig } from "../config";
import { operatorsUrl, serviceUrl } from "./addresses";
import type { SecretStore } from "./secret-store";

/** What the environment of a service is resolved with. */
export interface Wires {
  config: StackConfig;
  secrets: SecretStore;
  buckets: Record<string, Bucket>;
  configBucket: Bucket;
  /** Host and port of what is no Cloud Run service, by the catalogue's name. */
  hosts: Record<string, { host: pulumi.Input<string>; port: pulumi.Input<string> }>;
  logSubscription?: pulumi.Input<string>;
}

/** Whether a stack has what a variable speaks of: at phase 2 there is no Loki whose address could be given. */
function exists(value: EnvValue, { phase, tempo }: StackConfig): boolean {
  if (typeof value === "string") return true;
  const name = "url" in value ? value.url : "host" in value ? value.host : undefined;
  return !name || (service(name).phase <= phase && (name !== "tempo" || tempo));
}

function resolve(
  value: Exclude<EnvValue, { secret: string }>,
  { config, buckets, hosts }: Wires,
): pulumi.Input<string> {
  if (typeof value === "string") return value;
  if ("url" in value) return `${serviceUrl(value.url, config, value)}${value.path ?? ""}`;
  if ("publicUrl" in value) return operatorsUrl(value.publicUrl, config);
  if ("bucket" in value) return buckets[value.bucket]!.name;
  if ("host" in value) return hosts[value.host]!.host;
  if ("port" in value) return hosts[value.port]!.port;
  switch (value.setting) {
    case "environment":
      return config.environment;
    case "project":
      return config.project;
    case "region":
      return config.region;
    case "domain":
      return operatorsUrl("grafana", config).replace("https://", "");
  }
}

/** A service that is ready to be made: its arguments, and what it has to wait for. */
export interface Prepared {
  args: RunServiceArgs;
  dependsOn: pulumi.Resource[];
  configFiles: Record<string, ConfigFiles>;
}

/** The environment and the secret files of a service. */
export function inputsOf(target: Service, wires: Wires): ContainerInputs {
  const env: Record<string, pulumi.Input<string>> = {};
  const secretEnv: Record<string, PinnedSecret> = {};
  for (const [name, value] of Object.entries(envOf(target, "gcp"))) {
    if (!exists(value, wires.config)) continue;
    if (typeof value === "object" && "secret" in value) secretEnv[name] = wires.secrets.get(value.secret);
    else env[name] = resolve(value, wires);
  }
  const secretFiles = Object.fromEntries(
    Object.entries(secretFilesOf(target, wires)).map(([path, name]) => [path, wires.secrets.get(name)]),
  );
  return { env, secretEnv, secretFiles };
}

/** The secrets that a service reads as files, by path. What reaches Postgres gets its certificate authority too. */
function secretFilesOf(target: Service, { config }: Wires): Record<string, string> {
  const reaches = Object.values(envOf(target, "gcp")).some(
    (value) =>
      typeof value === "object" &&
      "secret" in value &&
      leadsToPostgres(value.secret) &&
      exists(value, config),
  );
  return { ...target.secretFiles, ...(reaches ? { [DATABASE_CA]: "postgres-certificate" } : {}) };
}

export const SECRET_READER = "roles/secretmanager.secretAccessor";
export const BUCKET_USER = "roles/storage.objectUser";
export const CONFIG_READER = "roles/storage.objectViewer";

/** What a service may do, from what it reads: one edge for each secret, bucket, configuration and grant. */
export function edgesOf(target: Service, wires: Wires): Edge[] {
  const values = Object.values(envOf(target, "gcp")).filter((value) => exists(value, wires.config));
  const secretNames = [
    ...values.flatMap((value) => (typeof value === "object" && "secret" in value ? [value.secret] : [])),
    ...Object.values(secretFilesOf(target, wires)),
  ];
  const bucketNames = values.flatMap((value) =>
    typeof value === "object" && "bucket" in value ? [value.bucket] : [],
  );
  const readsConfig = target.configFiles !== undefined || hasCollector(target, wires.config);
  return [
    ...[...new Set(secretNames)].map((name) => secretEdge(name, wires)),
    ...[...new Set(bucketNames)].map((name) => bucketEdge(name, wires)),
    ...(readsConfig ? [configEdge(wires)] : []),
    ...(target.grants ?? []).map((grant): Edge => {
      const name = grant.role.replace(/^roles\//, "").replace(".", "-");
      if (grant.on !== "log-subscription") return { name, role: grant.role, on: grant.on };
      return { name, role: grant.role, on: "subscription", subscription: wires.logSubscription! };
    }),
  ];
}

/** What scales has its metrics pushed by a sidecar, as soon as there is a Prometheus to push to. */
export function hasCollector(target: Service, { phase }: StackConfig): boolean {
  return phase >= service("prometheus").phase && target.metrics !== undefined && !target.singleton;
}

export function secretEdge(name: string, { secrets }: Wires): Edge {
  return { name, role: SECRET_READER, on: "secret", secretId: secrets.get(name).id };
}

export function bucketEdge(name: string, { buckets }: Wires): Edge {
  return { name, role: BUCKET_USER, on: "bucket", bucket: buckets[name]!.name };
}

export function configEdge({ configBucket }: Wires): Edge {
  return { name: "config", role: CONFIG_READER, on: "bucket", bucket: configBucket.name };
}
