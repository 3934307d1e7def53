import * as pulumi from "@pulumi/pulumi";
import { JobIamMember } from "@pulumi/gcp/cloudrunv2/jobIamMember";
import { Job as SchedulerJob } from "@pulumi/gcp/cloudscheduler/job";

/** Hours of a day, `to` excluded, Monday to Friday. */
export interface OpenHours {
  from: number;
  to: number;
  timeZone: string;
}

export interface RunScheduleArgs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  /** Name of the Cloud Run job. */
  job: pulumi.Input<string>;
  /** Seconds from run to run: a whole number of minutes that divides an hour, or of hours that divides a day. */
  everySeconds: number;
  /** In which it runs. Default: always. */
  hours?: OpenHours;
  /** E-mail of the service account that starts the runs. */
  serviceAccount: pulumi.Input<string>;
}

/**
 * Runs a Cloud Run job on a schedule, through Cloud Scheduler.
 *
 * @example
 * ```ts
 * import { RunSchedule } from "./components/run/schedule";
 * new RunSchedule("margins", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   job: "tollgate-margins",
 *   everySeconds: 3600,
 *   serviceAccount: "scheduler@acme-dev.iam.gserviceaccount.com",
 * });
 * ```
 */
export class RunSchedule extends pulumi.ComponentResource {
  constructor(name: string, args: RunScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    const { project, region, job, serviceAccount } = args;
    const schedule = scheduleOf(args.everySeconds, args.hours);
    super("tollgate:gcp:RunSchedule", name, { schedule }, opts);
    const child = { parent: this };
    const mayRun = new JobIamMember(
      name,
      {
        project,
        location: region,
        name: job,
        role: "roles/run.invoker",
        member: pulumi.interpolate`serviceAccount:${serviceAccount}`,
      },
      child,
    );
    new SchedulerJob(
      name,
      {
        project,
        region,
        name: `tollgate-${name}`,
        schedule,
        timeZone: args.hours?.timeZone ?? "Etc/UTC",
        httpTarget: {
          httpMethod: "POST",
          uri: pulumi.interpolate`https://run.googleapis.com/v2/projects/${project}/locations/${region}/jobs/${job}:run`,
          oauthToken: { serviceAccountEmail: serviceAccount },
        },
      },
      { ...child, dependsOn: [mayRun] },
    );
    this.registerOutputs({});
  }
}

/** The cron expression of a schedule. */
export function scheduleOf(everySeconds: number, hours?: Pick<OpenHours, "from" | "to">): string {
  return within(cronOf(everySeconds), hours);
}

/** Limits a cron expression to some hours if it runs every hour; one that runs less often is unchanged. */
function within(cron: string, hours?: Pick<OpenHours, "from" | "to">): string {
  return hours ? cron.replace(/^(\S+) \* \* \* \*$/, `$1 ${hours.from}-${hours.to - 1} * * 1-5`) : cron;
}

/**
 * A time between runs as a cron expression.
 *
 * @throws Error when cron cannot express it.
 */
export function cronOf(seconds: number): string {
  const minutes = seconds / 60;
  const hours = minutes / 60;
  if (Number.isInteger(minutes) && 60 % minutes === 0 && minutes < 60) return `*/${minutes} * * * *`;
  if (Number.isInteger(hours) && 24 % hours === 0) return hours === 24 ? "30 3 * * *" : `0 */${hours} * * *`;
  throw new Error(
    `every ${seconds} s is not a valid schedule: use whole minutes that divide an hour, or whole hours that divide a day`,
  );
}
