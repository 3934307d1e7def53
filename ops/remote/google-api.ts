import { GoogleAuth } from "google-auth-library";
import { z } from "zod";

/** An answer of a Google API that is an error; the message says what to do about the usual ones. */
export class GoogleApiError extends Error {
  /** @param reason Google's own words. */
  constructor(
    host: string,
    readonly status: number,
    readonly reason: string,
    readonly remedy = remedyOf(status),
  ) {
    super(`${host} answers ${status} (${reason}): ${remedy}`);
  }
}

/** No answer, or one that is not the API's. */
export class NoAnswerError extends Error {
  /** Whether the request may have been carried out: it was sent. */
  readonly sent: boolean;

  constructor(message: string, cause: unknown) {
    super(message, { cause });
    const { code = "" } = ((cause as Error).cause ?? {}) as NodeJS.ErrnoException;
    this.sent = !UNCONNECTED.includes(code);
  }
}

/** Codes of a connection that was never made. */
const UNCONNECTED = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

const LOGIN = "run `gcloud auth application-default login`";

const auth = new GoogleAuth({ scopes: ["https://www.googleapis.com/auth/cloud-platform"] });

/** Milliseconds before the second attempt, doubled from one to the next, and for one attempt. The tests shorten them. */
export const GOOGLE_TIMING = { pauseMs: 500, timeoutMs: 30_000 };

/** Statuses after which the same request may succeed. */
const TRANSIENT = [408, 429, 500, 502, 503, 504];

export interface GoogleRequest {
  method?: string;
  body?: string;
  /** How often it is tried while the answer is an error that passes, or there is none. 1 where it must not be repeated. */
  attempts?: number;
}

/**
 * Calls a Google API with this machine's credentials: those of `gcloud auth application-default login`, or a workload's own.
 *
 * @returns the body as JSON, in its schema.
 * @throws GoogleApiError for an answer that is an error, NoAnswerError for none or one that is not of the schema.
 */
export async function callGoogle<T>(
  url: string,
  schema: z.ZodType<T>,
  request: GoogleRequest = {},
): Promise<T> {
  const text = await callGoogleForText(url, request);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).split("\n")[0] : "it is not JSON";
    throw new NoAnswerError(
      `${new URL(url).host} does not answer as its API does (${why}): look for a proxy in between`,
      error,
    );
  }
}

/** The same with the body as it is. */
export async function callGoogleForText(
  url: string,
  { attempts = 4, ...init }: GoogleRequest = {},
): Promise<string> {
  const headers = await googleCredentials();
  if (init.body !== undefined) headers.set("content-type", "application/json");
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(url, { ...init, headers });
    } catch (error) {
      const passes = error instanceof NoAnswerError || TRANSIENT.includes((error as GoogleApiError).status);
      if (!passes || attempt >= attempts) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, GOOGLE_TIMING.pauseMs * 2 ** (attempt - 1)));
  }
}

async function send(url: string, init: RequestInit): Promise<string> {
  const { host } = new URL(url);
  const { ok, status, text } = await fetch(url, {
    ...init,
    signal: AbortSignal.timeout(GOOGLE_TIMING.timeoutMs),
  })
    .then(async (response) => ({ ok: response.ok, status: response.status, text: await response.text() }))
    .catch((error: unknown) => {
      throw new NoAnswerError(`${host} does not answer (${networkReason(error)}): check the network`, error);
    });
  if (!ok) throw new GoogleApiError(host, status, reasonOf(text));
  return text;
}

/**
 * Headers of an authorised request.
 *
 * @throws Error with the remedy when there are no credentials, or they are used up.
 */
export async function googleCredentials(): Promise<Headers> {
  try {
    return new Headers(await auth.getRequestHeaders());
  } catch (error) {
    const reason = (error as Error).message.split(/[.\n]/)[0]!;
    throw new Error(`There are no Google credentials (${reason}): ${LOGIN}`, { cause: error });
  }
}

/** Why a request had no answer: `fetch` says only that it failed. */
export function networkReason(error: unknown): string {
  const { message, cause } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  // Refused on each of a name's addresses: an AggregateError has a code and no message.
  return inner || code || message;
}

function remedyOf(status: number): string {
  if (status === 401) return LOGIN;
  if (status === 403) return "ask for the permission";
  if (status === 404) return "check the stack's project and region, and that `pulumi up` has run";
  if (status === 409) return "somebody else changes it: try again";
  if (TRANSIENT.includes(status)) return "try again later";
  return "look at the request";
}

/** Google's message; of a page for people nothing. */
export function reasonOf(body: string): string {
  try {
    return (JSON.parse(body) as { error: { message: string } }).error.message;
  } catch {
    return /^\s*(<|$)/.test(body) ? "no reason given" : body.trim().split("\n")[0]!.slice(0, 300);
  }
}
