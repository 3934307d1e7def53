import * as pulumi from "@pulumi/pulumi";
import { JobIamMember } from "@pulumi/gcp/cloudrunv2/jobIamMember";
import { Job as SchedulerJob } from "@pulumi/gcp/cloudscheduler/job";

export interface RunScheduleArgs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  /** Name of the Cloud Run job. */
  job: pulumi.Input<string>;
  /** Seconds from run to run: a whole number of minutes that divides an hour, or of hours that divides a day. */
  everySeconds: number;
  /** E-mail of the service account that asks for the runs. */
  serviceAccount: pulumi.Input<string>;
}

/**
 * Runs a Cloud Run job again and again, by Cloud Scheduler.
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
    const schedule = cronOf(args.everySeconds);
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
        timeZone: "Etc/UTC",
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

/**
 * A time between runs as a cron expression.
 *
 * @throws Error when cron cannot say it.
 */
export function cronOf(seconds: number): string {
  const minutes = seconds / 60;
  const hours = minutes / 60;
  if (Number.isInteger(minutes) && 60 % minutes === 0 && minutes < 60) return `*/${minutes} * * * *`;
  if (Number.isInteger(hours) && 24 % hours === 0) return hours === 24 ? "30 3 * * *" : `0 */${hours} * * *`;
  throw new Error(
    `every ${seconds} s cannot be a schedule: give whole minutes that divide an hour, or whole hours that divide a day`,
  );
}
