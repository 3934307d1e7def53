import * as pulumi from "@pulumi/pulumi";
import { JobIamMember } from "@pulumi/gcp/cloudrunv2/jobIamMember";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember";

export interface JobOperatorsArgs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  /** Name of the Cloud Run job. */
  job: pulumi.Input<string>;
  /** IAM members, such as `group:platform@example.com`. They can do whatever the job's account may. */
  members: string[];
  /** Name of the bucket that the job's answers go to. */
  answers: pulumi.Input<string>;
}

/** What a member needs on the job: to run it with another command, and to see how the run ended. */
const ROLES = ["roles/run.jobsExecutorWithOverrides", "roles/run.viewer"];

/**
 * People who run a job with their commands, and read what it answers.
 *
 * @example
 * ```ts
 * import { JobOperators } from "./components/run/job-operators";
 * new JobOperators("admin", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   job: "tollgate-admin",
 *   members: ["group:platform@example.com"],
 *   answers: "acme-dev-answers",
 * });
 * ```
 */
export class JobOperators extends pulumi.ComponentResource {
  constructor(name: string, args: JobOperatorsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { project, region, job, members, answers } = args;
    super("tollgate:gcp:JobOperators", name, { members }, opts);
    const child = { parent: this };
    for (const member of members) {
      for (const role of ROLES)
        new JobIamMember(
          `${name}-${role.split(".")[1]}-${member}`,
          { project, location: region, name: job, role, member },
          child,
        );
      new BucketIAMMember(
        `${name}-answers-${member}`,
        { bucket: answers, role: "roles/storage.objectViewer", member },
        child,
      );
    }
    this.registerOutputs({});
  }
}
