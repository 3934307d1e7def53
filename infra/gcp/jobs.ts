import type * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../../components/config-files";
import { RunJob } from "../../components/run/job";
import { JobOperators } from "../../components/run/job-operators";
import { RunSchedule } from "../../components/run/schedule";
import { Workload } from "../../components/workload";
import { isOwnImage, publicImageReference, type Job } from "../../catalogue";
import { bucketsOf, type Inputs } from "../../catalogue/target";
import { ledgerMigrations } from "../ledger-migrations";
import { configFilesOf } from "./config-files";
import type { StackBase } from "./base";
import { imageOf } from "./images";
import { bucketOf, containerInputs, bindingsOf, type Resources } from "./resolve";

const SCHEDULER = "scheduler";

/** What jobs apply that is in no configuration file. */
const APPLIED: Record<NonNullable<Job["applies"]>, () => Record<string, string>> = {
  "ledger-migrations": ledgerMigrations,
};

/** Makes a job of the catalogue: it runs before services, on a schedule, or when an operator executes it. */
export function jobRunner(base: StackBase, resources: Resources) {
  let scheduler: Workload | undefined;
  const { config, labels, network, sizes } = base;
  const { project, region } = config;

  return (job: Job, inputs: Inputs<pulumi.Input<string>>, after: pulumi.Input<pulumi.Resource>[]): RunJob => {
    const { name, phase, memoryMiB, trigger } = job;
    const workload = new Workload(name, { project, bindings: bindingsOf(job, resources) });
    const folders = Object.values(job.configFiles ?? {}).map(resources.folders);
    const made = new RunJob(
      name,
      {
        project,
        region,
        labels: labels(name, phase),
        image: imageOf(job, base),
        command: inputs.command,
        args: inputs.args,
        serviceAccount: workload.email,
        networkId: network.networkId,
        subnetworkId: network.subnetworkId,
        egress: sizes.nat ? "all" : "private",
        memoryMiB,
        retries: trigger === "manual" ? 0 : undefined,
        applies: typeof trigger === "object" && "before" in trigger ? appliedBy(job, base) : undefined,
        ...containerInputs(job, inputs, resources),
      },
      { dependsOn: [...after, ...workload.bindings, ...folders.flatMap(({ objects }) => objects)] },
    );
    if (answersOperators(job))
      new JobOperators(name, {
        project,
        region,
        job: made.name,
        members: config.admins,
        answers: bucketOf("answers", resources).name,
      });
    if (typeof trigger === "object" && "every" in trigger) {
      scheduler ??= new Workload(SCHEDULER, { project, bindings: [] });
      new RunSchedule(name, {
        project,
        region,
        job: made.name,
        everySeconds: trigger.every,
        hours: config.officeHours,
        serviceAccount: scheduler.email,
      });
    }
    return made;
  };
}

/** Whether operators run the job with other commands. */
function answersOperators(job: Job): boolean {
  return bucketsOf(job, "gcp").includes("answers");
}

/** A hash of what the job applies. */
function appliedBy({ image, configFiles = {}, applies }: Job, { config }: StackBase): string {
  const files = Object.values(configFiles).flatMap((folder) =>
    Object.entries(configFilesOf(folder, config)).map(([path, text]) => [`${folder}/${path}`, text]),
  );
  // The migrations of a public image are inside it.
  const tagged = isOwnImage(image) ? {} : { image: publicImageReference(image) };
  return contentHash({
    ...Object.fromEntries(files),
    ...tagged,
    ...(applies ? APPLIED[applies]() : {}),
  });
}
