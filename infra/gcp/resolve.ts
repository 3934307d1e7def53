import * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../../components/bucket";
import type { ContainerInputs } from "../../components/run/container";
import type { Binding } from "../../components/workload";
import {
  catalogue,
  collector,
  isJob,
  LANGFUSE_USER,
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
import { bucketMountsOf, bucketsOf, secretsOf, type Inputs, type Resolver } from "../../catalogue/target";
import type { StackConfig } from "../config";
import { iapAudience, operatorsUrl, serviceUrl } from "./addresses";
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
    lacks: (setting) => isOptional(setting) && valueOf(setting, resources.config) === undefined,
    resolve: (ref, unit) => resolve(ref, unit, resources),
    literal: (text) => text,
    join: (parts) =>
      parts.every((part) => typeof part === "string") ? parts.join("") : pulumi.concat(...parts),
  };
}

type Leavable = OptionalSetting | "googleClientId" | "googleDomains";

function isOptional(setting: Setting): setting is Leavable {
  return ["publicUrl", "oauthIssuer", "traceTexts", "googleClientId", "googleDomains"].includes(setting);
}

function valueOf(setting: Leavable, config: StackConfig): string | undefined {
  const { publicUrl, oauthIssuer, traceTexts, signIn } = config;
  return {
    publicUrl,
    oauthIssuer,
    traceTexts,
    googleClientId: signIn?.clientId,
    googleDomains: signIn?.domains.join(","),
  }[setting];
}

function resolve(ref: Ref, unit: Unit, resources: Resources): pulumi.Input<string> {
  const { config, hosts } = resources;
  if ("url" in ref) return `${serviceUrl(ref.url, config, ref, unit)}${ref.path ?? ""}`;
  if ("publicUrl" in ref) return operatorsUrl(ref.publicUrl, config);
  if ("iapAudience" in ref) return iapAudience(ref.iapAudience, config);
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
    case "traceTexts":
    case "googleClientId":
    case "googleDomains":
      return valueOf(ref.setting, config) ?? "";
    case "langfuseOwner":
      return config.signIn?.owner ?? LANGFUSE_USER;
    case "withoutPasswords":
      return String(config.signIn !== undefined);
    case "withoutSignUp":
      return String(config.signIn === undefined);
    case "grafanaRoles":
      return grafanaRoles(config.admins);
    case "logSubscription":
      return logSubscriptionOf(unit, resources);
    case "sharingServices":
      return sharingServices();
  }
}

/** Names of what may share an instance, as an alternative of a regular expression. */
export function sharingServices(): string {
  return catalogue
    .filter(({ share }) => share)
    .map(({ name }) => name)
    .join("|");
}

/** JMESPath over the proxy's assertion, which names a person and none of their groups: admins by their address are Grafana's. */
export function grafanaRoles(admins: string[]): string {
  const people = admins.flatMap((member) => /^user:(.+)$/i.exec(member)?.[1]?.toLowerCase() ?? []);
  return people.length > 0
    ? `contains(\`${JSON.stringify(people)}\`, email) && 'Admin' || 'Editor'`
    : "'Editor'";
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
  const buckets = Object.entries(bucketMountsOf(unit)).map(([path, name]) => [
    path,
    bucketOf(name, resources).name,
  ]);
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
