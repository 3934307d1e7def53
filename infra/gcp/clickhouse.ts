import { ClickHouse } from "../../components/clickhouse";
import { Workload } from "../../components/workload";
import { llmObservability } from "../../catalogue/llm-observability";
import { portOf, publicImageReference, service } from "../../catalogue";
import { inputsOf } from "../../catalogue/target";
import { clickhouseFiles } from "../config-files/native";
import type { StackBase } from "./base";
import { dataBindings, resolver, type Resources } from "./resolve";

/** ClickHouse's machine with its identity, under its name in the private zone. */
export function makeClickHouse(base: StackBase, resources: Resources): ClickHouse {
  const { config, sizes, labels, network, images } = base;
  const name = "clickhouse";
  const unit = service(name);
  const password = resources.secrets.get("clickhouse-password");

  const workload = new Workload(name, {
    project: config.project,
    bindings: [
      ...dataBindings(unit, resources),
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
      image: images.publicImage(publicImageReference(llmObservability[name].image)),
      registryHost: `${config.region}-docker.pkg.dev`,
      env: inputsOf(unit, resolver(resources)).env,
      passwordSecret: password.id,
      passwordVersion: password.version,
      configFiles: clickhouseFiles("cloud-storage"),
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
