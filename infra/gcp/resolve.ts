import * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../../components/bucket";
import type { ContainerInputs } from "../../components/run/container";
import type { Binding } from "../../components/workload";
import {
  catalogue,
  collector,
  isJob,
  portOf,
  service,
  type BucketName,
  type OptionalSetting,
  type Ref,
  type SecretName,
  type Service,
  type ServiceName,
  type Setting,
  type Unit,
} from "../../catalogue";
import { KEPT } from "../../catalogue/spec";
import { bucketsOf, secretsOf, type Inputs, type Resolver } from "../../catalogue/target";
import type { StackConfig } from "../config";
import { operatorsUrl, serviceUrl } from "./addresses";
import type { ContentFolders } from "./content-folders";
import type { SecretStore } from "./secret-store";
import { stackHas } from "./services-of-stack";

/** What the environment of a service is resolved with. */
export interface Resources {
  config: StackConfig;
  secrets: SecretStore;
  buckets: Partial<Record<BucketName, Bucket>>;
  configBucket: Bucket;
  folders: ContentFolders;
  /** Host and port of what runs outside Cloud Run. */
  hosts: Partial<Record<ServiceName, { host: pulumi.Input<string>; port: pulumi.Input<string> }>>;
  logSubscription?: pulumi.Input<string>;
}

/** How values of the catalogue are found on Google Cloud. */
export function resolver(resources: Resources): Resolver<pulumi.Input<string>> {
  return {
    name: "gcp",
    has: (unit) => stackHas(unit, resources.config),
    lacks: (setting) => isOptional(setting) && resources.config[setting] === undefined,
    resolve: (ref, unit) => resolve(ref, unit, resources),
    literal: (text) => text,
    join: (parts) =>
      parts.every((part) => typeof part === "string") ? parts.join("") : pulumi.concat(...parts),
  };
}

function isOptional(setting: Setting): setting is OptionalSetting {
  return setting === "publicUrl" || setting === "oauthIssuer";
}

function resolve(ref: Ref, unit: Unit, resources: Resources): pulumi.Input<string> {
  const { config, hosts } = resources;
  if ("url" in ref) return `${serviceUrl(ref.url, config, ref, unit)}${ref.path ?? ""}`;
  if ("publicUrl" in ref) return operatorsUrl(ref.publicUrl, config);
  if ("bucket" in ref) return bucketOf(ref.bucket, resources).name;
  if ("host" in ref) return hosts[ref.host]?.host ?? new URL(serviceUrl(ref.host, config, {}, unit)).hostname;
  if ("port" in ref)
    return (ref.extra ? undefined : hosts[ref.port]?.port) ?? String(portOf(ref.port, ref.extra));
  if ("listen" in ref) return `${BIND_ADDRESS}:${portOf(ref.listen)}`;
  if ("path" in ref) return ref.path;
  if ("program" in ref) return `${ref.program}.js`;
  switch (ref.setting) {
    case "environment":
      return config.environment;
    case "project":
      return config.project;
    case "region":
      return config.region;
    case "domain":
      return operatorsUrl("grafana", config).replace("https://", "");
    case "bindAddress":
      return BIND_ADDRESS;
    case "dataSource":
      return "gcp";
    case "publicUrl":
    case "oauthIssuer":
      return config[ref.setting] ?? "";
    case "logSubscription":
      return logSubscriptionOf(unit, resources);
    case "sharingServices":
      return catalogue
        .filter(({ share }) => share)
        .map(({ name }) => name)
        .join("|");
  }
}

const BIND_ADDRESS = "0.0.0.0";

function logSubscriptionOf(unit: Unit, { logSubscription }: Resources): pulumi.Input<string> {
  if (!logSubscription) throw new Error(`${unit.name} reads the log subscription, which phase 3 makes`);
  return logSubscription;
}

/** @throws Error when the stack's phase or settings do not have the bucket. */
export function bucketOf(
  name: BucketName,
  { buckets, config }: Pick<Resources, "buckets" | "config">,
): Bucket {
  const bucket = buckets[name];
  if (!bucket) throw new Error(`bucket "${name}" is not part of phase ${config.phase}`);
  return bucket;
}

/** What a service runs; where its files are memory, of so many MiB, also what keeps them. */
export function programOf(
  { withoutDisk }: Service,
  { command, args }: Inputs<pulumi.Input<string>>,
  filesMiB: number,
) {
  return {
    command: command ?? withoutDisk?.command?.slice(),
    args: args && [...args, ...(withoutDisk?.args(filesMiB) ?? [])],
  };
}

/** What a container reads: its environment, secrets and files. */
export function containerInputs(
  unit: Unit,
  { env, secretEnv, secretFiles }: Inputs<pulumi.Input<string>>,
  resources: Resources,
): ContainerInputs {
  const { secrets, folders } = resources;
  const pinned = (names: Record<string, SecretName>) =>
    Object.fromEntries(Object.entries(names).map(([key, name]) => [key, secrets.get(name)]));
  const files = Object.entries(unit.configFiles ?? {}).map(([path, folder]) => [path, folders(folder)]);
  const buckets = (isJob(unit) ? [] : (unit.volumes ?? [])).flatMap(({ mountPath, bucket, keptIn }) => {
    const name = bucket ?? keptIn;
    return name ? [[bucket ? mountPath : KEPT, bucketOf(name, resources).name]] : [];
  });
  return {
    env,
    buckets: Object.fromEntries(buckets) as ContainerInputs["buckets"],
    secretEnv: pinned(secretEnv),
    secretFiles: pinned(secretFiles),
    files: Object.fromEntries(files) as ContainerInputs["files"],
  };
}

export const SECRET_READER = "roles/secretmanager.secretAccessor";
const BUCKET_USER = "roles/storage.objectUser";
export const CONFIG_READER = "roles/storage.objectViewer";

/** What units that share an identity may do, each binding once. */
export function bindingsOfAll(units: Unit[], resources: Resources): Binding[] {
  const bindings = units.flatMap((unit) => bindingsOf(unit, resources));
  return [...new Map(bindings.map((binding) => [`${binding.on} ${binding.name}`, binding])).values()];
}

/** What a unit may do, from what it reads: one binding for each secret, bucket, configuration and grant. */
export function bindingsOf(unit: Unit, resources: Resources): Binding[] {
  const readsConfig = unit.configFiles !== undefined || hasCollector(unit, resources.config);
  return [
    ...dataBindings(unit, resources),
    ...(readsConfig ? [configBinding(resources)] : []),
    ...(unit.grants ?? []).map((grant): Binding => {
      const name = grant.role.replace(/^roles\//, "").replace(".", "-");
      if (grant.on !== "log-subscription") return { name, role: grant.role, on: grant.on };
      return { name, role: grant.role, on: "subscription", subscription: logSubscriptionOf(unit, resources) };
    }),
  ];
}

/** A unit's bindings for the secrets and buckets that its environment names. */
export function dataBindings(unit: Unit, { secrets, ...resources }: Resources): Binding[] {
  return [
    ...secretsOf(unit, "gcp").map((name): Binding => ({
      name,
      role: SECRET_READER,
      on: "secret",
      secretId: secrets.get(name).id,
    })),
    ...bucketsOf(unit, "gcp").map((name): Binding => ({
      name,
      role: BUCKET_USER,
      on: "bucket",
      bucket: bucketOf(name, resources).name,
    })),
  ];
}

/** What scales has its metrics pushed by a sidecar, as soon as there is a Prometheus to push to. */
export function hasCollector(unit: Unit, { phase }: Pick<StackConfig, "phase">): boolean {
  return (
    !isJob(unit) &&
    phase >= service(collector.pushesTo).phase &&
    unit.metrics !== undefined &&
    !unit.singleton
  );
}

export function configBinding({ configBucket }: Resources): Binding {
  return { name: "config", role: CONFIG_READER, on: "bucket", bucket: configBucket.name };
}
