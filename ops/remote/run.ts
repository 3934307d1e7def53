import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readStackFile } from "../../infra/plan/stack-file";
import type { JobName, ProgramName } from "../../catalogue";
import type { Answer } from "./answer";
import { callGoogle, GoogleApiError } from "./google-api";
import { sealingKeys, unseal } from "./sealed";
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

/** @throws Error when there is no such stack. */
export function placeOf(stack: string): Place {
  const { values } = readStackFile(stack);
  return { stack, project: values["gcp:project"]!, region: values["gcp:region"]! };
}

/**
 * Runs a command in a job of a stack and waits for its answer. The answer comes through the bucket of answers, encrypted for
 * this process.
 *
 * @throws Error when the job cannot be run or ends without an answer; the message says what to do.
 */
export async function runInStack(
  { job, program, args }: RemoteCommand,
  place: Place,
  { pollMs, limitMs }: PollTiming = POLL_TIMING,
): Promise<Answer> {
  const { project, region, runUrl = RUN } = place;
  const id = randomUUID();
  const keys = sealingKeys();
  const name = `projects/${project}/locations/${region}/jobs/tollgate-${job}`;
  const overridden = ["answer.js", id, keys.publicKey, `${program}.js`, ...args];
  const execution = await begin(`${runUrl}/v2/${name}:run`, overridden, job, place);

  const objects = new StorageObjects(place.storageUrl);
  const look = () => objects.read(`${project}-answers`, id);
  const end = Date.now() + limitMs;
  do {
    await sleep(pollMs);
    const state = await stateOf(`${runUrl}/v2/${execution}`).catch((error: unknown) => {
      throw refused(error, `see the runs of tollgate-${job} in ${place.stack}`, place);
    });
    const sealed = await look().catch((error: unknown) => {
      throw refused(error, `read the answers of ${place.stack}`, place);
    });
    if (sealed !== undefined) return JSON.parse(unseal(sealed, keys)) as Answer;
    if (state)
      throw new Error(`${execution} ended without an answer (${state}): ${logsOf(execution, place)}`);
  } while (Date.now() < end);
  throw new Error(`${execution} has not answered in ${limitMs / 1000} s: ${logsOf(execution, place)}`);
}

/** Starts the job and returns the execution's name. It is not retried, because a command must not run twice. */
async function begin(url: string, args: string[], job: JobName, place: Place): Promise<string> {
  const body = JSON.stringify({ overrides: { containerOverrides: [{ args }] } });
  try {
    const operation = JSON.parse(await callGoogle(url, { method: "POST", body }, 1)) as {
      metadata: { name: string };
    };
    return operation.metadata.name;
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 404)
      throw new Error(
        `${place.stack} has no job tollgate-${job}: \`pulumi up --stack ${place.stack}\` makes it`,
        {
          cause: error,
        },
      );
    throw refused(error, `run tollgate-${job} in ${place.stack}`, place);
  }
}

/** How an execution ended; `undefined` while it runs. */
async function stateOf(url: string): Promise<string | undefined> {
  const { completionTime, conditions = [] } = JSON.parse(await callGoogle(url)) as {
    completionTime?: string;
    conditions?: { type: string; state: string; message?: string }[];
  };
  if (!completionTime) return undefined;
  const { state, message } = conditions.find(({ type }) => type === "Completed") ?? {};
  return message ?? state ?? "no reason given";
}

function refused(error: unknown, what: string, { stack }: Place): unknown {
  if (!(error instanceof GoogleApiError) || error.status !== 403) return error;
  return new Error(
    `Your account may not ${what} (${error.message}): name it under tollgate:admins in Pulumi.${stack}.yaml, then \`pulumi up --stack ${stack}\``,
    { cause: error },
  );
}

function logsOf(execution: string, { project }: Place): string {
  const id = execution.split("/").at(-1);
  return `gcloud logging read 'labels."run.googleapis.com/execution_name"="${id}"' --project=${project}`;
}
