import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readStackFile } from "../../infra/plan/stack-file";
import type { JobName, ProgramName } from "../../catalogue";
import type { Answer } from "./answer";
import { callGoogle, GoogleApiError, NoAnswerError } from "./google-api";
import { sealingKeys, unseal, type SealingKeys } from "./sealed";
import { StorageObjects } from "./storage";

/** A program of the services' image, with the job of the stack that has what it needs. */
export interface RemoteCommand {
  job: JobName;
  program: ProgramName;
  args: string[];
}

/** Where a stack's jobs and answers are. */
export interface Place {
  stack: string;
  project: string;
  region: string;
  /** Default: Google's. */
  runUrl?: string;
  storageUrl?: string;
}

/** Milliseconds from look to look, and until the answer must be there: the job's own limit and a start. */
export interface PollTiming {
  pollMs: number;
  limitMs: number;
}

/** gcloud takes another address from this variable too. */
const RUN = process.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN ?? "https://run.googleapis.com";

const POLL_TIMING: PollTiming = { pollMs: 1_500, limitMs: 12 * 60_000 };

/** @throws Error when there is no such stack, or its file does not say where it is. */
export function placeOf(stack: string): Place {
  const { values } = readStackFile(stack);
  const [project, region] = ["gcp:project", "gcp:region"].map((key) => {
    if (!values[key])
      throw new Error(
        `Pulumi.${stack}.yaml: ${key} is missing: \`pulumi config set --stack ${stack} ${key} ...\``,
      );
    return values[key];
  }) as [string, string];
  return { stack, project, region };
}

const STARTED = z.object({ metadata: z.object({ name: z.string() }) });
const EXECUTION = z.object({
  completionTime: z.string().optional(),
  conditions: z
    .array(z.object({ type: z.string(), state: z.string().optional(), message: z.string().optional() }))
    .default([]),
});
const ANSWER = z.object({ exitCode: z.int(), stdout: z.string(), stderr: z.string() });

/**
 * Runs a command in a job of a stack and waits for its answer. The answer comes through the bucket of answers, encrypted for
 * this process.
 *
 * @param signal Ends the wait; the job goes on.
 * @throws Error when the job cannot be run or ends without an answer; the message says what to do, and whether it may have run.
 */
export async function runInStack(
  { job, program, args }: RemoteCommand,
  place: Place,
  { pollMs, limitMs }: PollTiming = POLL_TIMING,
  signal?: AbortSignal,
): Promise<Answer> {
  const { project, region, runUrl = RUN } = place;
  const id = randomUUID();
  const keys = sealingKeys();
  const name = `projects/${project}/locations/${region}/jobs/tollgate-${job}`;
  const overridden = ["answer.js", id, keys.publicKey, `${program}.js`, ...args];
  const execution = await begin(`${runUrl}/v2/${name}:run`, overridden, job, place);
  const log = logsOf(execution, place);

  const objects = new StorageObjects(place.storageUrl);
  const end = Date.now() + limitMs;
  let silent: NoAnswerError | undefined;
  do {
    await sleep(pollMs, undefined, { signal }).catch(() => {
      throw new Error(
        `${(signal!.reason as Error).message}: ${execution} goes on, and its answer is lost. \`gcloud run jobs executions cancel ${last(execution)} --region=${region} --project=${project}\` stops it; ${log}`,
      );
    });
    try {
      const state = await stateOf(`${runUrl}/v2/${execution}`).catch((error: unknown) => {
        throw refused(error, `see the runs of tollgate-${job} in ${place.stack}`, place);
      });
      const sealed = await objects.read(`${project}-answers`, id).catch((error: unknown) => {
        throw refused(error, `read the answers of ${place.stack}`, place);
      });
      silent = undefined;
      if (sealed !== undefined) return answerIn(sealed, keys, execution);
      if (state) throw new Error(`${execution} ended without an answer (${state}): ${log}`);
    } catch (error) {
      // The job goes on without us.
      if (error instanceof NoAnswerError) silent = error;
      else if (error instanceof GoogleApiError)
        throw new Error(`${error.message}. ${execution} goes on, and its answer is lost: ${log}`, {
          cause: error,
        });
      else throw error;
    }
  } while (Date.now() < end);
  throw new Error(
    `${execution} has not answered in ${limitMs / 1000} s${silent ? ` (${silent.message})` : ""}: ${log}`,
    { cause: silent },
  );
}

/** Starts the job and returns the execution's name. It is not retried, because a command must not run twice. */
async function begin(url: string, args: string[], job: JobName, place: Place): Promise<string> {
  const body = JSON.stringify({ overrides: { containerOverrides: [{ args }] } });
  try {
    return (await callGoogle(url, STARTED, { method: "POST", body, attempts: 1 })).metadata.name;
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 404)
      throw new Error(
        `${place.stack} has no job tollgate-${job}: \`pulumi up --stack ${place.stack}\` makes it`,
        {
          cause: error,
        },
      );
    const sent = error instanceof NoAnswerError && error.sent;
    if (sent || (error instanceof GoogleApiError && error.status >= 500))
      throw new Error(
        `${error.message}. The command may run nevertheless: look at \`gcloud run jobs executions list --job=tollgate-${job} --region=${place.region} --project=${place.project}\` before you repeat it`,
        { cause: error },
      );
    throw refused(error, `run tollgate-${job} in ${place.stack}`, place);
  }
}

/** How an execution ended; `undefined` while it runs. */
async function stateOf(url: string): Promise<string | undefined> {
  const { completionTime, conditions } = await callGoogle(url, EXECUTION);
  if (!completionTime) return undefined;
  const { state, message } = conditions.find(({ type }) => type === "Completed") ?? {};
  return message ?? state ?? "no reason given";
}

/** @throws Error when it was not written by the stack's `answer.ts` for these keys. */
function answerIn(sealed: string, keys: SealingKeys, execution: string): Answer {
  try {
    return ANSWER.parse(JSON.parse(unseal(sealed, keys)));
  } catch (error) {
    throw new Error(
      `The answer of ${execution} cannot be read: is the services' image in the stack older or newer than this checkout?`,
      {
        cause: error,
      },
    );
  }
}

function refused(error: unknown, what: string, { stack }: Place): unknown {
  if (!(error instanceof GoogleApiError) || error.status !== 403) return error;
  return new Error(
    `Your account may not ${what} (${error.reason}): name it under tollgate:admins in Pulumi.${stack}.yaml, then \`pulumi up --stack ${stack}\``,
    { cause: error },
  );
}

function logsOf(execution: string, { project }: Place): string {
  return `gcloud logging read 'labels."run.googleapis.com/execution_name"="${last(execution)}"' --project=${project}`;
}

function last(path: string): string {
  return path.split("/").at(-1)!;
}
