import * as pulumi from "@pulumi/pulumi";
import { ServiceIamMember } from "@pulumi/gcp/cloudrunv2/serviceIamMember";
import { WorkerPoolIamMember } from "@pulumi/gcp/cloudrunv2/workerPoolIamMember";
import { Job } from "@pulumi/gcp/cloudscheduler/job";
import { InstanceIAMMember } from "@pulumi/gcp/compute/instanceIAMMember";
import { IAMCustomRole } from "@pulumi/gcp/projects/iamcustomRole";
import { IAMMember } from "@pulumi/gcp/projects/iammember";
import { Account } from "@pulumi/gcp/serviceaccount/account";
import { IAMMember as AccountIAMMember } from "@pulumi/gcp/serviceaccount/iammember";

/** What sleeps outside office hours. `name` names its two schedules. */
export type Sleeper = { name: string } & (
  | {
      kind: "service" | "worker-pool";
      id: pulumi.Input<string>;
      /** Address of the service account that it runs as. */
      runsAs: pulumi.Input<string>;
    }
  | { kind: "database"; instance: pulumi.Input<string> }
  | { kind: "machine"; instance: pulumi.Input<string>; zone: string }
);

export interface OfficeHoursArgs {
  project: string;
  region: string;
  /** Hours of the day, Monday to Friday: from 0 to 24. */
  from: number;
  to: number;
  /** As `Europe/Brussels`. */
  timeZone: string;
  sleepers: Sleeper[];
}

interface Request {
  method: "PATCH" | "POST";
  url: pulumi.Output<string>;
  body?: object;
}

/** Names of the schedules: `tollgate-wake-postgres`. The command `tollgate office` runs them by hand. */
export const scheduleName = (action: "wake" | "sleep", sleeper: string) => `tollgate-${action}-${sleeper}`;

/** Permissions on one service, pool or machine. */
export const ON_ONE = [
  "compute.instances.get",
  "compute.instances.start",
  "compute.instances.stop",
  "run.services.get",
  "run.services.update",
  "run.workerpools.get",
  "run.workerpools.update",
];

/** Cloud SQL has roles on a project alone: a condition names the one instance. */
export const ON_DATABASE = ["cloudsql.instances.get", "cloudsql.instances.update"];

/**
 * Stops what is always on outside office hours, by Cloud Scheduler, and starts it again.
 *
 * @example
 * ```ts
 * import { OfficeHours } from "./components/office-hours";
 * new OfficeHours("office-hours", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   from: 8,
 *   to: 18,
 *   timeZone: "Europe/Brussels",
 *   sleepers: [{ name: "postgres", kind: "database", instance: "tollgate-postgres" }],
 * });
 * ```
 */
export class OfficeHours extends pulumi.ComponentResource {
  constructor(name: string, args: OfficeHoursArgs, opts?: pulumi.ComponentResourceOptions) {
    const { project, region, from, to, timeZone, sleepers } = args;
    super(
      "tollgate:gcp:OfficeHours",
      name,
      { from, to, timeZone, sleepers: sleepers.map((each) => each.name) },
      opts,
    );
    const child = { parent: this };
    const account = new Account(
      name,
      { accountId: `tollgate-${name}`, displayName: `Tollgate ${name}` },
      child,
    );
    const role = (id: string, permissions: string[]) => {
      const made = new IAMCustomRole(
        `${name}-${id}`,
        { project, roleId: `tollgate${id}`, title: `Tollgate ${id}`, permissions },
        child,
      );
      return { role: `projects/${project}/roles/tollgate${id}`, made };
    };
    const onOne = role("Sleep", ON_ONE);
    const onDatabase = role("SleepDatabase", ON_DATABASE);
    const { member, email } = account;

    for (const sleeper of sleepers) {
      const may = this.admit(`${name}-${sleeper.name}`, sleeper, member, args, {
        onOne: onOne.role,
        onDatabase: onDatabase.role,
        after: [onOne.made, onDatabase.made],
      });
      for (const action of ["wake", "sleep"] as const) {
        const { method, url, body } = request(sleeper, action, args);
        new Job(
          `${name}-${action}-${sleeper.name}`,
          {
            project,
            region,
            name: scheduleName(action, sleeper.name),
            schedule: officeSchedule(isStore(sleeper), action, { from, to }),
            timeZone,
            httpTarget: {
              httpMethod: method,
              uri: url,
              ...(body
                ? {
                    headers: { "Content-Type": "application/json" },
                    body: Buffer.from(JSON.stringify(body)).toString("base64"),
                  }
                : {}),
              oauthToken: { serviceAccountEmail: email },
            },
            retryConfig: { retryCount: 3 },
          },
          { parent: this, dependsOn: may },
        );
      }
    }
    this.registerOutputs({});
  }

  /** The rights to wake one sleeper and to put it to sleep. */
  private admit(
    name: string,
    sleeper: Sleeper,
    member: pulumi.Output<string>,
    { project, region }: OfficeHoursArgs,
    { onOne: role, onDatabase, after }: { onOne: string; onDatabase: string; after: pulumi.Resource[] },
  ): pulumi.Resource[] {
    const opts = { parent: this, dependsOn: after };
    switch (sleeper.kind) {
      case "service":
      case "worker-pool": {
        const Member = sleeper.kind === "service" ? ServiceIamMember : WorkerPoolIamMember;
        return [
          new Member(name, { project, location: region, name: sleeper.id, role, member }, opts),
          // Whoever changes the number of instances must be allowed to act as what they run as:
          // https://cloud.google.com/run/docs/configuring/services/manual-scaling#required_roles
          new AccountIAMMember(
            `${name}-account`,
            {
              serviceAccountId: pulumi.interpolate`projects/${project}/serviceAccounts/${sleeper.runsAs}`,
              role: "roles/iam.serviceAccountUser",
              member,
            },
            { parent: this },
          ),
        ];
      }
      case "machine":
        return [
          new InstanceIAMMember(
            name,
            { project, zone: sleeper.zone, instanceName: sleeper.instance, role, member },
            opts,
          ),
        ];
      case "database":
        return [
          new IAMMember(
            name,
            {
              project,
              role: onDatabase,
              member,
              condition: {
                title: `Only ${sleeper.name}`,
                expression: pulumi.interpolate`resource.type == "sqladmin.googleapis.com/Instance" && resource.name == "projects/${project}/instances/${sleeper.instance}"`,
              },
            },
            opts,
          ),
        ];
    }
  }
}

function isStore({ kind }: Sleeper): boolean {
  return kind === "database" || kind === "machine";
}

/** When something wakes or goes to sleep: data stores a quarter of an hour before what needs them, and after it. */
export function officeSchedule(
  stores: boolean,
  action: "wake" | "sleep",
  { from, to }: { from: number; to: number },
): string {
  if (action === "wake") return stores && from > 0 ? `45 ${from - 1} * * 1-5` : `0 ${from} * * 1-5`;
  const hour = to === 24 ? 23 : to;
  return `${to === 24 ? (stores ? 58 : 55) : stores ? 5 : 0} ${hour} * * 1-5`;
}

function request(sleeper: Sleeper, action: "wake" | "sleep", { project, region }: OfficeHoursArgs): Request {
  const wakes = action === "wake";
  switch (sleeper.kind) {
    case "service":
      // No instance while it sleeps, and as its revision says when it is awake.
      return {
        method: "PATCH",
        url: pulumi.interpolate`https://run.googleapis.com/v2/projects/${project}/locations/${region}/services/${sleeper.id}?updateMask=scaling`,
        body: {
          scaling: wakes ? { scalingMode: "AUTOMATIC" } : { scalingMode: "MANUAL", manualInstanceCount: 0 },
        },
      };
    case "worker-pool":
      return {
        method: "PATCH",
        url: pulumi.interpolate`https://run.googleapis.com/v2/projects/${project}/locations/${region}/workerPools/${sleeper.id}?updateMask=scaling`,
        body: { scaling: { manualInstanceCount: wakes ? 1 : 0 } },
      };
    case "database":
      return {
        method: "PATCH",
        url: pulumi.interpolate`https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/instances/${sleeper.instance}`,
        body: { settings: { activationPolicy: wakes ? "ALWAYS" : "NEVER" } },
      };
    case "machine":
      return {
        method: "POST",
        url: pulumi.interpolate`https://compute.googleapis.com/compute/v1/projects/${project}/zones/${sleeper.zone}/instances/${sleeper.instance}/${wakes ? "start" : "stop"}`,
      };
  }
}
