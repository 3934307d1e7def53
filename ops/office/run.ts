import { findService } from "../../catalogue";
import type { PlannedResource } from "../../infra/plan";

export type Action = "wake" | "sleep";

/** A schedule of office hours, by the id that Cloud Scheduler's API gives it. */
export interface Schedule {
  /** As `projects/P/locations/R/jobs/tollgate-wake-postgres`. */
  id: string;
  /** What it wakes or puts to sleep. */
  sleeper: string;
}

/** Gives the headers of an authorised request. */
export type Authorize = () => Promise<Headers>;

/** Cloud Scheduler's API: https://cloud.google.com/scheduler/docs/reference/rest */
export const SCHEDULER_URL = "https://cloudscheduler.googleapis.com";

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
 * Runs a schedule now.
 *
 * @throws Error with the schedule's name, Google's answer and the remedy.
 */
export async function runNow({ id }: Schedule, authorize: Authorize, url = SCHEDULER_URL): Promise<void> {
  const headers = await authorize();
  headers.set("Content-Type", "application/json");
  const answer = await fetch(`${url}/v1/${id}:run`, { method: "POST", headers, body: "{}" });
  if (answer.ok) return;
  const remedy =
    answer.status === 404
      ? "`pulumi up` makes the schedules"
      : answer.status === 403
        ? "ask for roles/cloudscheduler.jobRunner in the project"
        : "try again";
  throw new Error(`${id} was not run (${answer.status} ${await answer.text()}): ${remedy}`);
}
