import { createSign } from "node:crypto";
import { startSimulator, type RequestRecord, type Simulator } from "../../../simulator";
import { simulatedServiceAccount } from "../../../simulator/vertex/credentials";

export interface Account {
  totalNanos: number;
  calls: number;
}

/** A prompt with its own marker, and the ways to look at what the simulator made of it. */
export interface Marked {
  prompt: string;
  account(): Promise<Account>;
  requests(): Promise<RequestRecord[]>;
  behave(behaviour: object): Promise<void>;
}

let cases = 0;

/** Starts a simulator for a test file; `marked` gives each case its own prompt. */
export function useSimulator(): { readonly simulator: Simulator; marked(text?: string): Marked } {
  let simulator: Simulator | undefined;
  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
  });
  afterAll(() => simulator?.stop());
  return {
    get simulator() {
      return simulator!;
    },
    marked(text = "hello") {
      const marker = `case-${++cases}`;
      const { url } = simulator!;
      const read = async <T>(path: string) =>
        (await (await fetch(`${url}/_simulator/${path}?marker=${marker}`)).json()) as T;
      return {
        prompt: `[[${marker}]] ${text}`,
        account: () => read("account"),
        requests: () => read("requests"),
        behave: async (behaviour) => {
          const body = JSON.stringify({ match: { marker }, ...behaviour });
          const response = await fetch(`${url}/_simulator/behaviour`, { method: "POST", body });
          if (!response.ok) throw new Error(await response.text());
        },
      };
    },
  };
}

/** An access token of the simulator, asked for as Google's client libraries do. */
export async function accessToken(url: string): Promise<string> {
  const account = JSON.parse(simulatedServiceAccount(url)) as Record<string, string>;
  const now = Math.floor(Date.now() / 1000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = {
    iss: account.client_email,
    aud: account.token_uri,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    iat: now,
    exp: now + 3_600,
  };
  const unsigned = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  const signature = createSign("RSA-SHA256").update(unsigned).sign(account.private_key!, "base64url");
  const response = await fetch(account.token_uri!, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: `${unsigned}.${signature}`,
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** The events of a server-sent event stream. */
export async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .split(/\r?\n\r?\n/)
    .map((block) => /^data: (.*)$/m.exec(block)?.[1])
    .filter((data): data is string => data !== undefined && data !== "[DONE]")
    .map((data) => JSON.parse(data) as Record<string, unknown>);
}
