import { isTransient } from "./api-error";

/** The message of Google's clients. */
const DEADLINE_EXCEEDED = 4;

export interface RetryTiming {
  /** Pause before the second attempt; it doubles from one to the next. */
  pauseMs: number;
  /** How long one attempt may take. */
  timeoutMs: number;
}

export const RETRY_TIMING: RetryTiming = { pauseMs: 500, timeoutMs: 30_000 };

/**
 * Tries an idempotent call up to four times, with growing pauses, while it fails for reasons that pass.
 *
 * @throws The last error.
 */
export async function retry<T>(
  call: () => Promise<T>,
  { pauseMs, timeoutMs }: RetryTiming = RETRY_TIMING,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await within(timeoutMs, call());
    } catch (error) {
      if (attempt === 4 || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (attempt - 1)));
    }
  }
}

/** Over REST, Google's client has no deadline. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no answer in ${timeoutMs / 1000} s`), { code: DEADLINE_EXCEEDED });
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
