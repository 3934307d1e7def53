import { LangfuseAPIError, LangfuseAPITimeoutError } from "@langfuse/core";

/** Something answers, and it is not Langfuse. */
export class NotLangfuse extends Error {
  constructor() {
    super("what answers is not Langfuse's API");
  }
}

/** What Langfuse's client throws: an HTTP status with the answer's body, or no status where nothing answered. */
interface ApiError extends Error {
  statusCode?: number;
  body?: unknown;
}

export function statusOf(error: unknown): number | undefined {
  return (error as ApiError).statusCode;
}

/** The code by which Langfuse distinguishes refusals, such as `evaluator_preflight_failed`. */
export function codeOf(error: unknown): string | undefined {
  const body = (error as ApiError).body as { code?: string } | undefined;
  return body?.code;
}

/** Whether every further request would fail the same way. */
export function isFatal(error: unknown): boolean {
  const status = statusOf(error);
  return status === 401 || status === 403 || isUnreachable(error) || error instanceof NotLangfuse;
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof LangfuseAPITimeoutError) return true;
  return error instanceof LangfuseAPIError && error.statusCode === undefined;
}

/** In a few words why a request failed; never what was sent. */
export function reasonOf(error: unknown): string {
  const { statusCode, body, message } = error as ApiError;
  if (statusCode === undefined) return message.split("\n")[0]!;
  const said = typeof body === "object" && body !== null ? (body as { message?: unknown }).message : body;
  return said ? `HTTP ${statusCode}: ${String(said).slice(0, 300)}` : `HTTP ${statusCode}`;
}

/** For people, why nothing could be done, and the remedy. */
export function explain(error: unknown, host: string): string {
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    return `Langfuse at ${host} refuses the keys (${status}): set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY to a key pair of the project`;
  }
  if (error instanceof NotLangfuse)
    return `${host} does not answer as Langfuse does: correct --host, and look for a proxy or a sign-in in between`;
  if (isUnreachable(error)) {
    return `Langfuse at ${host} does not answer: start it, or name its address with --host`;
  }
  if (status !== undefined) return `Langfuse at ${host} refuses (${reasonOf(error)}): try again later`;
  return (error as Error).message;
}
