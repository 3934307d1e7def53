import type * as pulumi from "@pulumi/pulumi";
import type { ClickHouse } from "../../components/clickhouse";
import { OfficeHours, type Sleeper } from "../../components/office-hours";
import type { Postgres } from "../../components/postgres";
import type { StackConfig } from "../config";
import type { StackBase } from "./base";
import { isPool, membersOf, sharedInstanceOf } from "./instances";
import { cloudRunServices } from "./services-of-stack";
import { SHARED_INSTANCES } from "./sizes";

type Always = { name: string; kind: "service" | "worker-pool" };

/** What of Cloud Run is always on: what several services share, and each singleton that has its own. */
function alwaysOn(config: StackConfig): Always[] {
  const shared = SHARED_INSTANCES.filter((instance) => membersOf(instance, config).length > 0);
  const alone = cloudRunServices(config).filter((each) => each.singleton && !sharedInstanceOf(each, config));
  return [
    ...shared.map((name) => ({ name, kind: isPool(name) ? ("worker-pool" as const) : ("service" as const) })),
    ...alone.map(({ name }) => ({ name, kind: "service" as const })),
  ];
}

/** Stops what is always on outside office hours, where the stack has any. */
export function keepOfficeHours(
  { config, apis }: StackBase,
  { postgres, clickhouse }: { postgres: Postgres; clickhouse: ClickHouse },
  after: Iterable<pulumi.Input<pulumi.Resource>>,
): void {
  if (!config.officeHours) return;
  const sleepers: Sleeper[] = [
    { name: "postgres", kind: "database", instance: postgres.instanceName },
    { name: "clickhouse", kind: "machine", ...clickhouse.machine },
    ...alwaysOn(config).map(({ name, kind }) => ({
      name,
      kind,
      id: `tollgate-${name}`,
      runsAs: `tollgate-${name}@${config.project}.iam.gserviceaccount.com`,
    })),
  ];
  new OfficeHours(
    "office",
    { project: config.project, region: config.region, ...config.officeHours, sleepers },
    { dependsOn: [apis, ...after] },
  );
}
