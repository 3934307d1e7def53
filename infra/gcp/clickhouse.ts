import { ClickHouse } from "../../components/clickhouse";
import { Workload } from "../../components/workload";
import { llmObservability } from "../../catalogue/llm-observability";
import { portOf, publicImageReference } from "../../catalogue";
import { clickhouseFiles } from "../config-files/clickhouse";
import type { StackBase } from "./base";
import { bucketBinding, bucketOf, secretBinding, type Resources } from "./resolve";

/** ClickHouse's machine with its identity, under its name in the private zone. */
export function makeClickHouse(base: StackBase, resources: Resources): ClickHouse {
  const { config, sizes, labels, network, images } = base;
  const name = "clickhouse";
  const { env, image } = llmObservability[name];
  const password = resources.secrets.get("clickhouse-password");
  const archive = bucketOf("trace-archive", resources);

  const workload = new Workload(name, {
    project: config.project,
    bindings: [
      secretBinding("clickhouse-password", resources),
      bucketBinding("trace-archive", resources),
      {
        name: "docker-hub",
        role: "roles/artifactregistry.reader",
        on: "repository",
        repository: images.publicRepository,
        location: config.region,
        project: config.project,
      },
      { name: "logging", role: "roles/logging.logWriter", on: "project" },
    ],
  });
  const clickhouse = new ClickHouse(
    name,
    {
      project: config.project,
      region: config.region,
      labels: labels(name),
      subnetworkId: network.subnetworkId,
      serviceAccount: workload.email,
      image: images.publicImage(publicImageReference(image)),
      registryHost: `${config.region}-docker.pkg.dev`,
      user: env.CLICKHOUSE_USER,
      passwordSecret: password.id,
      passwordVersion: password.version,
      archiveBucket: archive.name,
      configFiles: clickhouseFiles,
      retentionDays: config.definitions.retention.traces,
      memoryMiB: sizes.clickhouseMemoryMiB,
      httpPort: portOf(name),
      ports: [portOf(name), ...Object.values(llmObservability[name].extraPorts)],
      machineType: sizes.clickhouseMachine,
      diskGiB: sizes.clickhouseDiskGiB,
      zone: sizes.clickhouseZone,
      snapshot: config.clickhouseSnapshot,
      deletionProtection: sizes.protect,
    },
    { dependsOn: workload.bindings },
  );
  resources.hosts[name] = { host: network.host(name, clickhouse.address), port: String(portOf(name)) };
  return clickhouse;
}
