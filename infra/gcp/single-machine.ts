import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random/randomBytes";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { ComposeMachine } from "../../components/compose-machine";
import { ConfigFiles } from "../../components/config-files";
import { Secret } from "../../components/secret";
import { Workload } from "../../components/workload";
import { configHashes, presence, secretFiles } from "../compose";
import { OWN_IMAGES, portOf, secretSources, servicesOfPhase, type ServiceName } from "../../catalogue";
import { recipes, type Recipe, type SecretValues } from "../../catalogue/secret-values";
import { filesOfFolder } from "./content-folders";
import type { StackBase } from "./base";
import { outputsOf, type Outputs } from "./outputs";
import { CONFIG_READER, SECRET_READER } from "./resolve";

const NAME = "machine";

/** The whole stack in containers on one machine, from the rendered Compose file. */
export function makeSingleMachine(base: StackBase): Outputs {
  const { config, sizes, labels, network, images, configBucket, apis } = base;
  const { project, region } = config;

  const texts = filesOfFolder(NAME, config);
  const files = new ConfigFiles(NAME, { bucket: configBucket.name, files: texts });
  const composeSecrets = makeSecrets(base);
  const workload = new Workload(NAME, {
    project,
    bindings: [
      ...Object.entries(composeSecrets).map(([name, { id }]) => ({
        name,
        role: SECRET_READER,
        on: "secret" as const,
        secretId: id,
      })),
      { name: "config", role: CONFIG_READER, on: "bucket", bucket: configBucket.name },
      { name: "aiplatform-user", role: "roles/aiplatform.user", on: "project" },
      { name: "bigquery-jobUser", role: "roles/bigquery.jobUser", on: "project" },
      { name: "logging", role: "roles/logging.logWriter", on: "project" },
      {
        name: "own-images",
        role: "roles/artifactregistry.reader",
        on: "repository",
        ...images.ownRegistry,
      },
    ],
  });
  const machine = new ComposeMachine(
    NAME,
    {
      project,
      region,
      labels: labels(NAME),
      networkId: network.networkId,
      subnetworkId: network.subnetworkId,
      serviceAccount: workload.email,
      registryHosts: [`${images.ownRegistry.location}-docker.pkg.dev`],
      files,
      secrets: composeSecrets,
      env: {
        TOLLGATE_ENVIRONMENT: config.environment,
        TOLLGATE_DATA_SOURCE: "gcp",
        GOOGLE_CLOUD_PROJECT: project,
        GOOGLE_CLOUD_REGION: region,
        TOLLGATE_PUBLIC_URL: config.publicUrl ?? "",
        TOLLGATE_OAUTH_ISSUER: config.oauthIssuer ?? "",
        TOLLGATE_TRACE_TEXTS: config.traceTexts ?? "",
        // By these Compose sees that files changed, and makes the containers that read them anew.
        ...configHashes(texts),
        ...presence(config.phase),
        ...Object.fromEntries(
          OWN_IMAGES.map((image) => [`TOLLGATE_${image.toUpperCase()}_IMAGE`, images.ownImage(image)]),
        ),
      },
      phase: config.phase,
      deletionProtection: sizes.protect,
    },
    { dependsOn: [apis, ...workload.bindings, ...files.objects] },
  );
  return { ...outputsOf(base), ...tunnels(machine.instanceName, base) };
}

/** The machine has no public address: people reach it through Identity-Aware Proxy's tunnel. */
function tunnels(machine: pulumi.Output<string>, { config }: StackBase) {
  const command = pulumi.interpolate`gcloud compute ssh ${machine} --project=${config.project} --zone=${config.region}-b --tunnel-through-iap`;
  const local = (name: ServiceName) => `http://localhost:${portOf(name)}`;
  const forwarded = servicesOfPhase(config.phase)
    .filter(({ exposedTo }) => exposedTo)
    .map(({ name }) => `-L ${portOf(name)}:localhost:${portOf(name)}`)
    .join(" ");
  return {
    agentUrl: local("agent"),
    langfuseUrl: local("langfuse-web"),
    ...(config.phase >= 2 ? { grafanaUrl: local("grafana") } : {}),
    tunnel: pulumi.interpolate`${command} -- -N ${forwarded}`,
  };
}

/** A secret for each file that Compose reads, with values generated here or set in the configuration. */
function makeSecrets({ config, labels, apis }: StackBase): Record<string, Secret> {
  const values: Partial<Record<keyof SecretValues, pulumi.Input<string>>> = {};
  for (const [name, recipe] of recipes()) values[name] = random(name.replace(/^role:/, ""), recipe);
  for (const [name, source] of secretSources) {
    if ("configured" in source) values[name] = config.secrets[name] ?? "unset";
  }
  const texts = pulumi.secret(pulumi.all(values).apply(secretFiles));
  const names = Object.keys(secretFiles(Object.fromEntries(Object.keys(values).map((name) => [name, ""]))));
  return Object.fromEntries(
    names.map((name) => [
      name,
      new Secret(
        name,
        { value: texts.apply((files) => files[name]!), region: config.region, labels: labels("secrets") },
        { dependsOn: [apis] },
      ),
    ]),
  );
}

function random(name: string, recipe: Recipe): pulumi.Output<string> {
  if ("bytes" in recipe) return new RandomBytes(name, { length: recipe.bytes }).hex;
  const { length, prefix = "" } = recipe;
  return pulumi.interpolate`${prefix}${new RandomPassword(name, { length, special: false }).result}`;
}
