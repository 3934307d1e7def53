import { GoogleApiError } from "../remote/google-api";
import { runInStack, type Place, type PollTiming } from "../remote/run";
import { UsageError } from "../terminal/command";
import { CloudSql, type Instance } from "./cloud-sql";
import { CLONE_PREFIX } from "./roles";
import { differences, type Check, type LedgerSums } from "./sums";

export interface DrillOptions {
  /** Moment to restore, RFC 3339. Default: the latest that there is. */
  at?: string;
  /** Leave the clone. */
  keep?: boolean;
  /** Stops the drill; the clone is still deleted. */
  signal: AbortSignal;
  /** Gets a line for each step. */
  progress: (line: string) => void;
}

export interface DrillResult {
  stack: string;
  instance: string;
  clone: string;
  /** Moment that the clone was restored to, RFC 3339. */
  restoredTo: string;
  /** Seconds from the latest moment that could be restored to the drill's start: what a loss at the start would have cost. */
  rpoSeconds: number;
  /** Seconds from the clone's last row to the restored moment; null in an empty ledger. */
  lastRowAgeSeconds: number | null;
  /** Seconds until the clone was made, and until it was checked. */
  cloneSeconds: number;
  rtoSeconds: number;
  sums: LedgerSums;
  /** Empty when the clone is right. */
  differences: string[];
}

/** Waits of the drill: a clone may take an hour. */
export interface DrillTiming {
  sqlPollMs: number;
  sqlLimitMs: number;
  /** Of the job. */
  job?: PollTiming;
}

const TIMING: DrillTiming = { sqlPollMs: 5_000, sqlLimitMs: 2 * 3_600_000 };

/**
 * Restores the ledger's instance to a clone, compares the sums of both and deletes the clone, whatever happens.
 *
 * @throws Error when the drill did not come to a result, or when the clone is left; the message then says how to delete it.
 */
export async function drill(
  place: Place,
  { at, keep = false, signal, progress }: DrillOptions,
  { sqlPollMs, sqlLimitMs, job }: DrillTiming = TIMING,
  sql = new CloudSql(place.project),
): Promise<DrillResult> {
  const start = Date.now();
  const waiting = { pollMs: sqlPollMs, limitMs: sqlLimitMs, progress };
  const explain = (error: unknown): never => {
    throw refused(error, place);
  };
  const source = await ledgerOf(sql, place).catch(explain);
  const latest = await sql.latestRecoveryTime(source.name).catch(explain);
  const rpoSeconds = Math.round((Date.now() - Date.parse(latest)) / 1_000);
  if (at !== undefined && Date.parse(at) > Date.parse(latest))
    throw new UsageError(`--at "${at}" must not be after ${latest}, the latest moment that can be restored`);
  const restoredTo = at ?? latest;
  const clone = `${CLONE_PREFIX}${new Date(start).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}`;
  const byHand = deletionByHand(clone, place.project);
  const since = () => Math.round((Date.now() - start) / 1_000);

  signal.throwIfAborted();
  progress(
    `Cloning ${source.name} as of ${restoredTo} to ${clone}. Should this command be killed, delete it: ${byHand}`,
  );
  let result: DrillResult | undefined;
  let failure: unknown;
  let mayExist = true;
  try {
    const operation = await sql.clone(source.name, clone, restoredTo).catch((error: unknown) => {
      mayExist = !(error instanceof GoogleApiError && error.status < 500);
      return explain(error);
    });
    await sql.finished(operation, { ...waiting, signal });
    const cloneSeconds = since();
    progress(`Cloned in ${cloneSeconds} s. Checking its sums in a job of ${place.stack}`);
    const check = await unlessAborted(signal, checkIn(place, await sql.find(clone), restoredTo, job));
    result = {
      stack: place.stack,
      instance: source.name,
      clone,
      restoredTo,
      rpoSeconds,
      lastRowAgeSeconds:
        check.lastRowAt === null
          ? null
          : Math.round((Date.parse(restoredTo) - Date.parse(check.lastRowAt)) / 1_000),
      cloneSeconds,
      rtoSeconds: since(),
      sums: check.clone,
      differences: differences(check),
    };
  } catch (error) {
    failure = signal.aborted ? signal.reason : error;
  }

  const failed = result ? undefined : messageOf(failure);
  if (mayExist && keep) progress(`${clone} is kept. Delete it: ${byHand}`);
  else if (mayExist) {
    progress(`${failed ? `${failed}. ` : ""}Deleting ${clone}`);
    await sql.remove(clone, waiting).catch((error: unknown) => {
      const reasons = [
        failed,
        `${clone} could not be deleted (${messageOf(error)}) and costs money: ${byHand}`,
      ];
      throw new Error(reasons.filter(Boolean).join("\n"), { cause: error });
    });
  }
  if (!result) throw failure;
  return result;
}

/** The commands that delete a clone. */
export function deletionByHand(clone: string, project: string): string {
  return `gcloud sql instances patch ${clone} --no-deletion-protection --project=${project} && gcloud sql instances delete ${clone} --project=${project}`;
}

/** The instance that the stack's program made: its name is `postgres-` and seven random characters. */
async function ledgerOf(sql: CloudSql, { stack, project }: Place): Promise<Instance> {
  const found = (await sql.list()).filter(({ name }) => /^postgres-[0-9a-f]{7}$/.test(name));
  const [source] = found;
  if (!source || found.length > 1)
    throw new Error(
      `${project} has ${found.length} instances postgres-*, and must have one: \`pulumi up --stack ${stack}\` makes it, older ones must go`,
    );
  if (source.settings.activationPolicy === "NEVER")
    throw new Error(`${source.name} sleeps: \`tollgate office wake --stack ${stack}\` wakes it`);
  return source;
}

/** Reads the sums in the job `admin`, the only place from which both can be reached. */
async function checkIn(
  place: Place,
  clone: Instance | undefined,
  at: string,
  timing?: PollTiming,
): Promise<Check> {
  const host = clone?.ipAddresses?.find(({ type }) => type === "PRIVATE")?.ipAddress;
  const ca = clone?.serverCaCert?.cert;
  if (!host || !ca) throw new Error("The clone has no private address or no certificate authority");
  const args = [host, Buffer.from(ca).toString("base64url"), at];
  const answer = await runInStack({ job: "admin", program: "drill-check", args }, place, timing);
  if (answer.exitCode !== 0) throw new Error(`The clone could not be checked: ${answer.stderr.trim()}`);
  try {
    return JSON.parse(answer.stdout) as Check;
  } catch (error) {
    throw new Error(
      "The check of the clone printed no JSON: is the services' image in the stack older or newer than this checkout?",
      { cause: error },
    );
  }
}

function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
    work.then(resolve, reject);
  });
}

function refused(error: unknown, { project, stack }: Place): unknown {
  if (!(error instanceof GoogleApiError) || error.status !== 403) return error;
  return new Error(
    `Your account may not run drills in ${project} (${error.reason}): \`npm run doctor -- --stack ${stack}\` says which role is missing`,
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
