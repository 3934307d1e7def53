import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random/randomBytes";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { ComposeMachine } from "../../components/compose-machine";
import { ConfigFiles } from "../../components/config-files";
import { Secret } from "../../components/secret";
import { Workload } from "../../components/workload";
import { configHashes, mountedFolders, secretFiles } from "../compose";
import { databaseRoles, OWN_IMAGES, secrets } from "../../catalogue";
import { committedFiles } from "../rendered-folder";
import { composeFilesOf } from "./config-files";
import type { Foundation } from "./foundation";
import { outputsOf, type Outputs } from "./outputs";
import { CONFIG_READER, SECRET_READER } from "./wiring";

const NAME = "machine";

/** The whole stack in containers on one machine, from the rendered Compose file. */
export function makeSingleMachine(foundation: Foundation): Outputs {
  const { config, sizes, labels, network, images, configBucket, apis } = foundation;
  const { project, region } = config;

  const texts = Object.fromEntries(
    ["compose", ...mountedFolders()].flatMap((folder) =>
      Object.entries(composeFilesOf(folder, config) ?? committedFiles(folder)).map(([path, text]) => [
        `${folder}/${path}`,
        text,
      ]),
    ),
  );
  const files = new ConfigFiles(NAME, { bucket: configBucket.name, files: texts });
  const composeSecrets = makeSecrets(foundation);
  const workload = new Workload(NAME, {
    project,
    edges: [
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
        // By these Compose sees that files changed, and makes the containers that read them anew.
        ...configHashes(texts),
        ...Object.fromEntries(
          OWN_IMAGES.map((image) => [`TOLLGATE_${image.toUpperCase()}_IMAGE`, images.ownImage(image)]),
        ),
      },
      phase: config.phase,
      deletionProtection: sizes.protect,
    },
    { dependsOn: [apis, ...workload.bindings, ...files.objects] },
  );
  return { ...outputsOf(foundation), ...tunnels(machine.instanceName, foundation) };
}

/** The machine has no public address: people reach it through Identity-Aware Proxy's tunnel. */
function tunnels(machine: pulumi.Output<string>, { config }: Foundation) {
  const command = pulumi.interpolate`gcloud compute ssh ${machine} --project=${config.project} --zone=${config.region}-b --tunnel-through-iap`;
  return {
    agentUrl: "http://localhost:8080",
    langfuseUrl: "http://localhost:3000",
    ...(config.phase >= 2 ? { grafanaUrl: "http://localhost:3001" } : {}),
    tunnel: pulumi.interpolate`${command} -- -N -L 8080:localhost:8080 -L 3000:localhost:3000 -L 3001:localhost:3001`,
  };
}

/** A secret for each file that Compose reads, with values made here or given by the configuration. */
function makeSecrets({ config, labels, apis }: Foundation): Record<string, Secret> {
  const values: Record<string, pulumi.Input<string>> = {
    "redis-password": password("redis-password", 32),
    ...Object.fromEntries(databaseRoles.map(({ name }) => [`role:${name}`, password(name, 32)])),
  };
  for (const [name, source] of Object.entries(secrets)) {
    if ("random" in source) {
      values[name] = pulumi.interpolate`${source.random.prefix ?? ""}${password(name, source.random.length)}`;
    }
    if ("randomHex" in source) values[name] = new RandomBytes(name, { length: source.randomHex.bytes }).hex;
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

function password(name: string, length: number): pulumi.Output<string> {
  return new RandomPassword(name, { length, special: false }).result;
}
