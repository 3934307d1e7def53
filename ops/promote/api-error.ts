import { z } from "zod";
import { GoogleApiError, reasonOf } from "../remote/google-api";

/** Codes of gRPC after which the same call may succeed: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE. */
const TRANSIENT_CODES = [4, 8, 13, 14];
/** The same as HTTP says it. */
const TRANSIENT_STATUSES = [408, 429, 500, 502, 503, 504];
const NETWORK_CODES = ["ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EPIPE", "ENOTFOUND", "EAI_AGAIN"];
/** A stale etag. */
const ABORTED = 10;
const CONFLICT = 409;

/** What Google's client throws: gRPC's code where it reads the answer, HTTP's status where its transport throws before that. */
interface ClientError {
  code?: number | string;
  status?: number;
  cause?: unknown;
}

export function isTransient(error: unknown): boolean {
  const { code, status, cause } = error as ClientError;
  return (
    isNotJson(error) ||
    TRANSIENT_CODES.includes(code as number) ||
    TRANSIENT_STATUSES.includes(status!) ||
    NETWORK_CODES.includes(code as string) ||
    (cause ? isTransient(cause) : false)
  );
}

export function isConflict(error: unknown): boolean {
  const { code, status } = error as ClientError;
  return code === ABORTED || status === CONFLICT;
}

/** The error in words: the transport's message is the answer's JSON, or a page of something in between. */
export function readable(error: unknown): Error {
  const { message } = error as Error;
  const { status } = error as ClientError;
  const answer = ERROR.safeParse(jsonIn(message)).data?.error;
  const code = answer?.code ?? (typeof status === "number" ? status : undefined);
  if (code !== undefined) {
    const { message: text } = new GoogleApiError("Cloud Run", code, answer?.message ?? reasonOf(message));
    return new Error(text, { cause: error });
  }
  const reason = isNotJson(error)
    ? "a page and no JSON came back: try again, and look for a proxy in between"
    : `${message.split("\n")[0]}: try again`;
  return new Error(`Cloud Run: ${reason}`, { cause: error });
}

/** Google's front end answers some errors with a page; the client loses the status with it. */
function isNotJson(error: unknown): boolean {
  return (error as Error).name === "SyntaxError" || / is not valid JSON$/.test((error as Error).message);
}

const ERROR = z.object({ error: z.object({ code: z.number(), message: z.string() }) });

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
