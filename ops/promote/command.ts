import { join } from "node:path";
import { isDeepStrictEqual as same } from "node:util";
import { definitionsHash as hashOf } from "../../infra/definitions-hash";
import { definitions } from "../../litellm-config";
import { cleanCommit, RefusedError, sameTreeAs, writtenFiles } from "./checks";
import type { CloudRun } from "./cloud-run";
import type { Health } from "./health";
import { hasEnded, PromotionRecord, type Promotion } from "./record";
import { lockCheckout } from "./lock-file";
import { propose, type Proposal } from "./prepare";
import { readProven } from "./proven";
import { rollBack, rollOut, type Engine, type Rollout } from "./rollout";
import { StackFile } from "./stack-file";
import { EXIT, UsageError } from "../terminal/command";

/** What the command reaches outside the process; the tests put stand-ins here. */
export interface Dependencies {
  root: string;
  cloudRun(environment: string): CloudRun;
  engine(environment: string): Engine;
  health(environment: string, run: CloudRun): Health;
  watch: Rollout["watch"];
  say(line: string): void;
  /** Shows the proposal: plan, policies, cost. */
  show(proposal: Proposal): void;
  /** Stops the promotion in order. */
  signal?: AbortSignal;
}

export interface Options {
  from: string;
  to: string;
  apply?: boolean;
  rollback?: boolean;
}

/**
 * Promotes what `from` has proven to `to`, or goes on with the promotion that was interrupted.
 *
 * @returns The promotion's state; none when `to` already runs all of it.
 * @throws RefusedError, NotHealthyError, LockedError: nothing was changed. Anything else: run it again, it goes on.
 */
export async function promote(
  { from, to, apply, rollback }: Options,
  dependencies: Dependencies,
): Promise<Promotion | undefined> {
  const { root, say, signal } = dependencies;
  if (from === to) throw new UsageError(`--from and --to are both "${from}": name two environments`);
  const unlock = lockCheckout(join(root, ".tollgate", `promote-${to}.lock`));
  const record = new PromotionRecord(to, root);
  try {
    const stackFile = new StackFile(to, root);
    if (rollback) {
      const last = record.all().at(-1);
      if (!last || last.state === "rolled-back")
        throw new RefusedError(`${to} has no promotion to go back from`);
      return await rollBack(
        { ...last, reason: "asked for by --rollback" },
        rolloutOf(to, record, stackFile, dependencies),
      );
    }

    const open = record.open();
    if (open && open.state !== "prepared") {
      if (!apply)
        throw new RefusedError(
          `Promotion ${open.id} stopped at "${open.state}": go on with --apply, or --rollback`,
        );
      sameTreeAs(open.commit, root, writtenFiles(to));
      say(`Going on with promotion ${open.id}, which stopped at "${open.state}"`);
      return await rollOut(open, rolloutOf(to, record, stackFile, dependencies));
    }

    const prepared = await prepare({ from, to }, record, stackFile, dependencies, open);
    if (!prepared || !apply) return prepared;
    return await rollOut(prepared, rolloutOf(to, record, stackFile, dependencies));
  } catch (error) {
    const stopped = signal?.aborted && record.open();
    if (!stopped) throw error;
    throw new Error(
      `${(signal.reason as Error).message}: promotion ${stopped.id} stopped at "${stopped.state}", ${stopped.percent} % of the traffic proven; go on with --apply, or --rollback`,
      { cause: error },
    );
  } finally {
    unlock();
  }
}

/** Writes the release into the stack's file and the record, once everything that speaks against it was asked. */
async function prepare(
  { from, to }: Options,
  record: PromotionRecord,
  stackFile: StackFile,
  { root, cloudRun, show, say }: Dependencies,
  open?: Promotion,
): Promise<Promotion | undefined> {
  const commit = cleanCommit(root, writtenFiles(to));
  refuseUnproven(record, stackFile, open);
  const proven = await readProven(from, cloudRun(from));
  const definitionsHash = hashOf(definitions);
  const proposal = await propose({ from, to, root, commit, proven, definitionsHash });
  show(proposal);

  const { promotion } = proposal;
  // What was prepared and never applied is replaced: it did not change anything yet.
  const next = open ? { ...promotion, id: open.id, before: open.before } : promotion;
  if (!open && same(next.before, next.after)) {
    say(`${to} names this release already`);
    return undefined;
  }
  // In this order: a release in the stack's file that the record does not know would look hand-written.
  record.save(next);
  stackFile.writeRelease(next.after);
  return next;
}

/** A release in the stack's file that no promotion wrote there was never seen to be healthy. */
function refuseUnproven(record: PromotionRecord, stackFile: StackFile, open?: Promotion): void {
  const release = stackFile.release();
  if (same(release, record.release()) || (open && same(release, open.before))) return;
  throw new RefusedError(
    `${stackFile.path} names a release that no promotion wrote: restore it (git checkout), or take its images and definitionsHash out`,
  );
}

function rolloutOf(
  to: string,
  record: PromotionRecord,
  stackFile: StackFile,
  dependencies: Dependencies,
): Rollout {
  const run = dependencies.cloudRun(to);
  return {
    run,
    engine: dependencies.engine(to),
    health: dependencies.health(to, run),
    record,
    stackFile,
    watch: dependencies.watch,
    say: dependencies.say,
    signal: dependencies.signal,
  };
}

/** The command's exit code: 0 when it did what was asked, 3 when a health gate sent the promotion back. */
export function exitCode(promotion: Promotion | undefined, { rollback }: Options): number {
  const sentBack = promotion && hasEnded(promotion) && promotion.state === "rolled-back" && !rollback;
  return sentBack ? EXIT.finding : EXIT.ok;
}
