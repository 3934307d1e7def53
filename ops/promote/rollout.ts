import { ConflictError, type CloudRun } from "./cloud-run";
import type { Health } from "./health";
import type { Promotion, PromotionLedger } from "./ledger";
import type { StackFile } from "./stack-file";

/** Shares of the traffic, in percent, at which the new revisions are watched. */
export const STEPS = [5, 25, 100] as const;

/** `pulumi up` of the environment. */
export interface Engine {
  up(): Promise<void>;
}

export interface Rollout {
  run: CloudRun;
  engine: Engine;
  health: Health;
  ledger: PromotionLedger;
  stackFile: StackFile;
  /** Watches a step: resolves after the time that each step is watched, calling `look` now and then. */
  watch(look: () => Promise<string[]>): Promise<string[]>;
  say(line: string): void;
}

/** Another promotion has the environment. */
export class LockedError extends Error {}

/**
 * Carries a promotion to one of its two ends, from wherever it stopped: each step can be repeated, and the ledger says which
 * is next. A finding of a gate rolls it back.
 *
 * @throws LockedError when another promotion holds the environment; whatever Cloud Run or Pulumi fails with, and then the
 *   promotion can be run again.
 */
export async function rollOut(promotion: Promotion, rollout: Rollout): Promise<Promotion> {
  let current = promotion;
  const next = (change: Partial<Promotion>) => {
    current = { ...current, ...change };
    rollout.ledger.save(current);
  };
  await lock(current, rollout);

  if (current.state === "prepared") {
    const services = await revisionsNow(rollout.run, Object.keys(current.services));
    rollout.stackFile.writeServing(oldOf(services));
    next({ services, state: "pinned" });
  }
  if (current.state === "pinned") {
    rollout.say("pulumi up: the new revisions start without traffic");
    await rollout.engine.up();
    next({ services: await withNew(rollout.run, current.services), state: "shifting", percent: 0 });
  }
  if (current.state === "shifting") {
    const reason = await shift(current, rollout, (percent) => next({ percent }));
    next(reason ? { state: "rolling-back", reason } : { state: "finishing" });
  }
  if (current.state === "finishing") {
    rollout.stackFile.writeServing(undefined);
    await rollout.engine.up();
    await unlock(current, rollout.run);
    next({ state: "done", finishedAt: new Date().toISOString() });
  }
  return current.state === "rolling-back" ? rollBack(current, rollout) : current;
}

/**
 * Gives all traffic back to the old revisions, then puts the old release back into the stack. Can be repeated until it ends.
 */
export async function rollBack(promotion: Promotion, rollout: Rollout): Promise<Promotion> {
  await lock(promotion, rollout);
  const started: Promotion = { ...promotion, state: "rolling-back" };
  rollout.ledger.save(started);
  rollout.say(`back to the old revisions${started.reason ? `: ${started.reason}` : ""}`);

  for (const [service, { old }] of Object.entries(started.services)) {
    // Before `pinned` there is nothing to give back.
    if (old) await give(rollout.run, service, { [old]: 100 });
  }
  rollout.stackFile.writeRelease(started.before);
  rollout.stackFile.writeServing(undefined);
  if (promotion.state !== "prepared") await rollout.engine.up();
  await unlock(started, rollout.run);
  const ended: Promotion = { ...started, state: "rolled-back", finishedAt: new Date().toISOString() };
  rollout.ledger.save(ended);
  return ended;
}

/** Moves the traffic step by step. Returns why it has to go back, if it has to. */
async function shift(
  { services, percent: passed }: Promotion,
  { run, health, watch, say }: Rollout,
  pass: (percent: number) => void,
): Promise<string | undefined> {
  const changed = Object.entries(services).flatMap(([name, { old, new: fresh }]) =>
    fresh ? [{ name, old, fresh }] : [],
  );
  const revisions = Object.fromEntries(changed.map(({ name, fresh }) => [name, fresh]));
  if (changed.length === 0) {
    say("no service has a new revision");
    return undefined;
  }
  const look = () => health.findings(revisions);
  const before = await look();
  if (before.length > 0) return before.join("; ");

  for (const percent of STEPS) {
    if (percent <= passed) continue;
    say(`${percent} % of the traffic to ${Object.values(revisions).join(", ")}`);
    for (const { name, old, fresh } of changed)
      await give(run, name, { [fresh]: percent, [old]: 100 - percent });
    const findings = await watch(look);
    if (findings.length > 0) return `at ${percent} %: ${findings.join("; ")}`;
    pass(percent);
  }
  return undefined;
}

async function give(run: CloudRun, service: string, traffic: Record<string, number>): Promise<void> {
  const { etag } = await serviceOf(run, service);
  await run.setTraffic(service, traffic, etag);
}

/** The service that carries the note of who promotes: the gateway, which every release changes or keeps. */
const LOCKED_SERVICE = "gateway";

async function lock({ id }: Promotion, { run }: Rollout): Promise<void> {
  const { etag, lock: holder } = await serviceOf(run, LOCKED_SERVICE);
  if (holder === id) return;
  if (holder) throw lockedBy(holder);
  try {
    await run.setLock(LOCKED_SERVICE, id, etag);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw lockedBy((await serviceOf(run, LOCKED_SERVICE)).lock ?? "somebody else");
  }
}

function lockedBy(holder: string): LockedError {
  return new LockedError(
    `Promotion ${holder} has the environment: let it end, run it again where it was started, or remove the annotation ` +
      `tollgate.dev/promotion of the service tollgate-${LOCKED_SERVICE} when nobody runs it`,
  );
}

async function unlock({ id }: Promotion, run: CloudRun): Promise<void> {
  const { etag, lock: holder } = await serviceOf(run, LOCKED_SERVICE);
  if (holder === id) await run.setLock(LOCKED_SERVICE, undefined, etag);
}

async function serviceOf(run: CloudRun, name: string) {
  const service = (await run.services()).get(name);
  if (!service)
    throw new Error(`${name} does not run in this environment: \`pulumi up\` it once before promoting to it`);
  return service;
}

/** The revisions that serve now; a service between two is no start for a promotion. */
async function revisionsNow(run: CloudRun, names: string[]): Promise<Promotion["services"]> {
  const running = await run.services();
  return Object.fromEntries(
    names.map((name) => {
      const traffic = running.get(name)?.traffic ?? {};
      const [revision] = Object.entries(traffic).find(([, percent]) => percent === 100) ?? [];
      if (!revision) {
        throw new Error(
          `${name} has no revision that serves all traffic (${JSON.stringify(traffic)}): give it to one first`,
        );
      }
      return [name, { old: revision }];
    }),
  );
}

async function withNew(run: CloudRun, services: Promotion["services"]): Promise<Promotion["services"]> {
  const running = await run.services();
  return Object.fromEntries(
    Object.entries(services).map(([name, { old }]) => {
      const created = running.get(name)?.latestCreated;
      return [name, created && created !== old ? { old, new: created } : { old }];
    }),
  );
}

function oldOf(services: Promotion["services"]): Record<string, string> {
  return Object.fromEntries(Object.entries(services).map(([name, { old }]) => [name, old]));
}
