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

/** The error's text: the transport's message is the answer's JSON. */
export function readable(error: unknown): Error {
  const { message } = error as Error;
  try {
    const { code, status, message: text } = (JSON.parse(message) as { error: ApiErrorBody }).error;
    return new Error(`Cloud Run answers ${code} ${status}: ${text}`, { cause: error });
  } catch {
    return new Error(`Cloud Run: ${message}`, { cause: error });
  }
}

interface ApiErrorBody {
  code: number;
  status: string;
  message: string;
}
