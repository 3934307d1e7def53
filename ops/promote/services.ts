import { isDeepStrictEqual as same } from "node:util";
import { budgetEnforcer } from "../../catalogue";
import { ConflictError, type CloudRun, type RunningService } from "./cloud-run";
import { hasEnded, type Promotion, type PromotionRecord } from "./record";

/** Another promotion has the environment. */
export class LockedError extends Error {}

/** The service that carries the note of who promotes: every stack has it. */
const LOCKED_SERVICE = budgetEnforcer.name;

/**
 * Shares a service's traffic out, while this promotion has the environment.
 *
 * @throws LockedError when it has not.
 */
export async function shiftTraffic(
  { id }: Promotion,
  run: CloudRun,
  service: string,
  traffic: Record<string, number>,
): Promise<void> {
  const wanted = Object.fromEntries(Object.entries(traffic).filter(([, percent]) => percent > 0));
  const { lock: holder } = await serviceOf(run, LOCKED_SERVICE);
  if (holder !== id) throw lockedBy(holder ?? "nobody");
  await change(
    run,
    service,
    (current) => same(current.traffic, wanted),
    (etag) => run.setTraffic(service, wanted, etag),
  );
}

/**
 * Takes the environment for a promotion; nothing changes when it has it.
 *
 * @throws LockedError when another one has it.
 */
export async function lock({ id }: Promotion, run: CloudRun, record: PromotionRecord): Promise<void> {
  // An update by hand can bring back the note of a promotion that has ended.
  const isOver = (holder: string) => record.all().some((each) => each.id === holder && hasEnded(each));
  await change(
    run,
    LOCKED_SERVICE,
    ({ lock: holder }) => {
      if (holder && holder !== id && !isOver(holder)) throw lockedBy(holder);
      return holder === id;
    },
    (etag) => run.setLock(LOCKED_SERVICE, id, etag),
  );
}

/** Gives the environment up; nothing changes when another promotion has it. */
export async function unlock({ id }: Promotion, run: CloudRun): Promise<void> {
  await change(
    run,
    LOCKED_SERVICE,
    ({ lock: holder }) => holder !== id,
    (etag) => run.setLock(LOCKED_SERVICE, undefined, etag),
  );
}

function lockedBy(holder: string): LockedError {
  return new LockedError(
    `Promotion ${holder} has the environment: let it end, run it again where it was started, or remove the annotation ` +
      `tollgate.dev/promotion of the service tollgate-${LOCKED_SERVICE} when it is no longer running`,
  );
}

/** Changes a service unless it is so already: an answer that was lost has the change made and the etag stale. */
async function change(
  run: CloudRun,
  name: string,
  isDone: (service: RunningService) => boolean,
  make: (etag: string) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const service = await serviceOf(run, name);
    if (isDone(service)) return;
    try {
      return await make(service.etag);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === 3) throw error;
    }
  }
}

async function serviceOf(run: CloudRun, name: string): Promise<RunningService> {
  const service = (await run.services()).get(name);
  if (!service)
    throw new Error(`${name} does not run in this environment: \`pulumi up\` it once before promoting to it`);
  return service;
}
