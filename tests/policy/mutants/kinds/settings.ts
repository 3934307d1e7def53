import type { Resource } from "../../../../policies/evaluate";
import { changed, withOne, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

/* eslint-disable @typescript-eslint/no-explicit-any */
type Break = [type: RegExp, what: string, change: (props: any) => void];

const flag = (name: string, value: string) => (props: any) =>
  (props.settings.databaseFlags = [...(props.settings.databaseFlags ?? []), { name, value }]);

/** Single settings by which data is lost, a door opens or a bill grows. */
const BREAKS: Break[] = [
  [/^gcp:sql\/databaseInstance:/, "synchronous_commit off", flag("synchronous_commit", "off")],
  [/^gcp:sql\/databaseInstance:/, "log_statement all", flag("log_statement", "all")],
  [/^gcp:sql\/databaseInstance:/, "stopped", (props) => (props.settings.activationPolicy = "NEVER")],
  [/^gcp:sql\/databaseInstance:/, "an old version", (props) => (props.databaseVersion = "POSTGRES_9_6")],
  [/^gcp:redis\/instance:/, "an old version", (props) => (props.redisVersion = "REDIS_4_0")],
  [/^gcp:storage\/bucket:/, "cors", (props) => (props.cors = [{ origins: ["*"] }])],
  [/^gcp:compute\/instance:/, "Spot", (props) => (props.scheduling = { provisioningModel: "SPOT" })],
  [/^gcp:compute\/instance:/, "GPUs", (props) => (props.guestAccelerators = [{ type: "t", count: 8 }])],
  [/^gcp:compute\/subnetwork:/, "public IPv6", (props) => (props.ipv6AccessType = "EXTERNAL")],
  [/^gcp:dns\/managedZone:/, "public", (props) => (props.visibility = "public")],
  [/^gcp:cloudrunv2\/job:/, "1,000 tasks", (props) => (props.template.taskCount = 1000)],
  [/^gcp:cloudscheduler\/job:/, "paused", (props) => (props.paused = true)],
  [/^gcp:cloudscheduler\/job:/, "elsewhere", (props) => (props.httpTarget.uri = "https://example.com/")],
  [
    /^gcp:pubsub\/subscription:/,
    "push",
    (props) => (props.pushConfig = { pushEndpoint: "https://x.example" }),
  ],
  [/^gcp:monitoring\/alertPolicy:/, "off", (props) => (props.enabled = false)],
];

const AGENT = "serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com";

/** Roles on one thing, and permissions of a custom role, that no workload needs. */
const ROLES = ["roles/run.developer", "roles/compute.instanceAdmin.v1", "roles/artifactregistry.writer"];
const PERMISSIONS = [
  "run.jobs.runWithOverrides",
  "cloudbuild.builds.create",
  "compute.instances.setMetadata",
];
const OUTSIDERS = ["projectViewer:tollgate-prod", "domain:gmail.com", "user:someone@gmail.com"];

export function* settings(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "setting", what, resources });
  const add = (what: string, type: string, props: Resource["props"]) =>
    of(what, withOne(base, { type, name: "extra", props, dependsOn: [] }));
  for (const [type, what, change] of BREAKS)
    for (const at of ofTypes(base, type))
      yield of(
        `${base[at]!.name}: ${what}`,
        changed(base, at, ({ props }) => change(props)),
      );
  for (const role of ROLES)
    yield add(`${role} on a service`, "gcp:cloudrunv2/serviceIamMember:ServiceIamMember", {
      role,
      member: AGENT,
    });
  for (const permission of PERMISSIONS)
    yield add(`a role with ${permission}`, "gcp:projects/iAMCustomRole:IAMCustomRole", {
      roleId: "x",
      permissions: [permission],
    });
  for (const member of OUTSIDERS)
    yield add(`a bucket for ${member}`, "gcp:storage/bucketIAMMember:BucketIAMMember", {
      bucket: "tollgate-prod-trace-archive",
      role: "roles/storage.objectViewer",
      member,
    });
}
