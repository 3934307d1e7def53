import { findService } from "../../catalogue";
import type { PlannedResource } from "../../infra/plan";
import { callGoogleForText, GoogleApiError } from "../remote/google-api";

export type Action = "wake" | "sleep";

/** A schedule of office hours, by its id in Cloud Scheduler's API. */
export interface Schedule {
  /** Such as `projects/P/locations/R/jobs/tollgate-wake-postgres`. */
  id: string;
  /** What it wakes or puts to sleep. */
  sleeper: string;
}

/** Cloud Scheduler's API: https://cloud.google.com/scheduler/docs/reference/rest */
const SCHEDULER_URL = "https://cloudscheduler.googleapis.com";

const REMEDIES: Record<number, string | undefined> = {
  403: "ask for roles/cloudscheduler.jobRunner in the project",
  404: "`pulumi up` makes the schedules",
};

/** The schedules of an action in a plan: data stores before what needs them, and after it to sleep. */
export function schedulesOf(resources: PlannedResource[], action: Action): Schedule[] {
  const found = resources.flatMap(({ type, name, inputs }) => {
    const [, sleeper] = new RegExp(`^office-${action}-(.+)$`).exec(name) ?? [];
    if (type !== "gcp:cloudscheduler/job:Job" || !sleeper) return [];
    const { project, region, name: job } = inputs as Record<string, string>;
    return [{ id: `projects/${project}/locations/${region}/jobs/${job}`, sleeper }];
  });
  const isStore = ({ sleeper }: Schedule) => findService(sleeper)?.managed !== undefined;
  const [stores, others] = [found.filter(isStore), found.filter((each) => !isStore(each))];
  return action === "wake" ? [...stores, ...others] : [...others, ...stores];
}

/**
 * Runs a schedule now, with this machine's credentials. A second run of the same schedule changes nothing.
 *
 * @param url Cloud Scheduler's API, or a stand-in.
 * @throws Error with the schedule's name, Google's reason and the remedy.
 */
export async function runNow({ id }: Schedule, url = SCHEDULER_URL): Promise<void> {
  try {
    await callGoogleForText(`${url}/v1/${id}:run`, { method: "POST", body: "{}" });
  } catch (error) {
    const why =
      error instanceof GoogleApiError
        ? `(${error.status} ${error.reason}): ${REMEDIES[error.status] ?? error.remedy}`
        : `(${(error as Error).message})`;
    throw new Error(`${id} was not run ${why}`, { cause: error });
  }
}
