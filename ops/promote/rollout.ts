import { isDeepStrictEqual as same } from "node:util";
import type { CloudRun } from "./cloud-run";
import type { Health } from "./health";
import type { Promotion, PromotionRecord } from "./record";
import { lock, shiftTraffic, unlock } from "./services";
import type { StackFile } from "./stack-file";

/** Shares of the traffic, in percent, at which the new revisions are watched. */
export const STEPS = [5, 25, 100] as const;

/** Updates the environment. */
export interface Engine {
  /** `pulumi up`; it starts from what really runs, because the traffic is moved past it. */
  up(): Promise<void>;
}

export interface Rollout {
  run: CloudRun;
  engine: Engine;
  health: Health;
  record: PromotionRecord;
  stackFile: StackFile;
  /** Watches a step: resolves after the time that each step is watched, calling `look` now and then. */
  watch(look: () => Promise<string[]>): Promise<string[]>;
  say(line: string): void;
  /** Stops the promotion where it is; Pulumi is waited for. */
  signal?: AbortSignal;
}

/** The stack's file names another release than the promotion. */
export class ReleaseChangedError extends Error {}

/**
 * Carries a promotion to one of its two ends, from wherever it stopped: each step can be repeated, and the promotions file records which
 * is next. A finding of a gate rolls it back.
 *
 * @throws LockedError when another promotion holds the environment; ReleaseChangedError when the release was edited;
 *   any failure of Cloud Run or Pulumi; the promotion can then be run again.
 */
export async function rollOut(promotion: Promotion, rollout: Rollout): Promise<Promotion> {
  let current = promotion;
  const next = (change: Partial<Promotion>) => {
    current = { ...current, ...change };
    rollout.record.save(current);
    rollout.signal?.throwIfAborted();
  };
  await lock(current, rollout.run, rollout.record);

  if (current.state === "prepared") {
    const services = await revisionsNow(rollout.run, Object.keys(current.services));
    rollout.stackFile.writeServing(oldOf(services));
    next({ services, state: "pinned" });
  }
  if (current.state === "pinned") {
    rollout.say("pulumi up: the new revisions start without traffic");
    const reason = await start(current, rollout);
    const services = await withNew(rollout.run, current.services);
    next(reason ? { services, state: "rolling-back", reason } : { services, state: "shifting" });
  }
  if (current.state === "shifting") {
    const reason = await shift(current, rollout, (percent) => next({ percent }));
    next(reason ? { state: "rolling-back", reason } : { state: "finishing" });
  }
  if (current.state === "finishing") {
    rollout.stackFile.writeServing(undefined);
    await up(current, rollout);
    await unlock(current, rollout.run);
    next({ state: "done", finishedAt: new Date().toISOString() });
  }
  return current.state === "rolling-back" ? rollBack(current, rollout) : current;
}

/**
 * Gives all traffic back to the old revisions, then puts the old release back into the stack. Can be repeated until it ends.
 *
 * The update makes revisions of the old release again. Only when those are ready is the newest revision given the traffic:
 * until then that would be the one that it is taken from.
 */
export async function rollBack(promotion: Promotion, rollout: Rollout): Promise<Promotion> {
  await lock(promotion, rollout.run, rollout.record);
  const started: Promotion = { ...promotion, state: "rolling-back" };
  rollout.record.save(started);
  rollout.say(`back to the old revisions${started.reason ? `: ${started.reason}` : ""}`);

  // Before `pinned` no revision is noted, and there is nothing to give back.
  const pinned = Object.entries(started.services).filter(([, { old }]) => old);
  for (const [service, { old }] of pinned) await shiftTraffic(started, rollout.run, service, { [old]: 100 });
  rollout.stackFile.writeRelease(started.before);
  if (pinned.length > 0) {
    rollout.stackFile.writeServing(oldOf(started.services));
    await rollout.engine.up();
  }
  rollout.signal?.throwIfAborted();
  rollout.stackFile.writeServing(undefined);
  if (pinned.length > 0) await rollout.engine.up();
  await unlock(started, rollout.run);
  const ended: Promotion = { ...started, state: "rolled-back", finishedAt: new Date().toISOString() };
  rollout.record.save(ended);
  return ended;
}

async function up({ after }: Promotion, { engine, stackFile }: Rollout): Promise<void> {
  if (!same(stackFile.release(), after)) {
    throw new ReleaseChangedError(
      `${stackFile.path} names another release than the promotion: restore it (git checkout), or --rollback`,
    );
  }
  await engine.up();
}

/** Makes the new revisions. Returns why they can have no traffic, if one of them does not start. */
async function start(promotion: Promotion, rollout: Rollout): Promise<string | undefined> {
  try {
    await up(promotion, rollout);
    return undefined;
  } catch (error) {
    // Interrupted, the engine leaves revisions that are not ready yet: they say nothing about the release.
    if (error instanceof ReleaseChangedError || rollout.signal?.aborted) throw error;
    const running = await rollout.run.services();
    const findings = Object.keys(promotion.services).flatMap((name) => {
      const { latestCreated, latestReady, reason } = running.get(name) ?? {};
      return latestCreated === latestReady
        ? []
        : [`${name}: ${latestCreated} is not ready (${reason ?? "no reason given"})`];
    });
    // Pulumi failed for another reason: run it again.
    if (findings.length === 0) throw error;
    return findings.join("; ");
  }
}

/** Moves the traffic step by step. Returns why it has to go back, if it has to. */
async function shift(
  promotion: Promotion,
  { run, health, watch, say }: Rollout,
  pass: (percent: number) => void,
): Promise<string | undefined> {
  const changed = Object.entries(promotion.services).flatMap(([name, { old, new: fresh }]) =>
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
    if (percent <= promotion.percent) continue;
    say(`${percent} % of the traffic to ${Object.values(revisions).join(", ")}`);
    for (const { name, old, fresh } of changed)
      await shiftTraffic(promotion, run, name, { [fresh]: percent, [old]: 100 - percent });
    const findings = await watch(look);
    if (findings.length > 0) return `at ${percent} %: ${findings.join("; ")}`;
    pass(percent);
  }
  return undefined;
}

/** The revisions that serve now; a promotion cannot start from a service between two. */
async function revisionsNow(run: CloudRun, names: string[]): Promise<Promotion["services"]> {
  const running = await run.services();
  return Object.fromEntries(
    names.map((name) => {
      const traffic = running.get(name)?.traffic ?? {};
      const [revision] = Object.entries(traffic).find(([, percent]) => percent === 100) ?? [];
      if (!revision) {
        throw new Error(
          `${name} has no revision that serves all traffic (${JSON.stringify(traffic)}): send it to one first`,
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
