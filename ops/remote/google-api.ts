import { GoogleAuth } from "google-auth-library";

/** An answer of a Google API that is an error. */
export class GoogleApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const auth = new GoogleAuth({ scopes: ["https://www.googleapis.com/auth/cloud-platform"] });

/** Statuses after which the same request may succeed. */
const TRANSIENT = [408, 429, 500, 502, 503, 504];

/**
 * Calls a Google API with this machine's credentials: those of `gcloud auth application-default login`, or a workload's own.
 *
 * @param attempts How often it is tried while the answer is an error that passes. Give 1 where a request must not be repeated.
 * @returns the body.
 * @throws GoogleApiError for any other answer.
 */
export async function callGoogle(
  url: string,
  init: { method?: string; body?: string } = {},
  attempts = 4,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(url, init);
    if (response.ok) return response.text();
    if (!TRANSIENT.includes(response.status) || attempt === attempts)
      throw new GoogleApiError(response.status, reasonOf(await response.text()));
    await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
  }
}

async function send(url: string, init: { method?: string; body?: string }): Promise<Response> {
  const headers = await credentials();
  if (init.body !== undefined) headers.set("content-type", "application/json");
  return fetch(url, { ...init, headers, signal: AbortSignal.timeout(30_000) });
}

async function credentials(): Promise<Headers> {
  try {
    return new Headers(await auth.getRequestHeaders());
  } catch (error) {
    throw new Error(
      `There are no Google credentials (${(error as Error).message}): run \`gcloud auth application-default login\``,
      { cause: error },
    );
  }
}

function reasonOf(body: string): string {
  try {
    return (JSON.parse(body) as { error: { message: string } }).error.message;
  } catch {
    return body.slice(0, 300);
  }
}
