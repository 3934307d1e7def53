/** Codes of gRPC after which the same call may succeed: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE. */
const TRANSIENT = new Set([4, 8, 13, 14]);
const NETWORK = new Set(["ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EPIPE", "ENOTFOUND", "EAI_AGAIN"]);

/**
 * Tries an idempotent call up to four times, with growing pauses, while it fails for reasons that pass.
 *
 * @throws The last error.
 */
export async function retry<T>(call: () => Promise<T>, pauseMs = 500): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 4 || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (attempt - 1)));
    }
  }
}

function isTransient(error: unknown): boolean {
  const { code, cause } = error as { code?: number | string; cause?: unknown };
  if (typeof code === "number") return TRANSIENT.has(code);
  if (typeof code === "string") return NETWORK.has(code);
  return cause ? isTransient(cause) : false;
}
