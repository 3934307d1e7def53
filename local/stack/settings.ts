import { ports, type SecretName } from "../../catalogue";
import { localSecret, type LocalSecrets } from "../../ops/workspace/secrets";

/** Who answers the gateway's LLM calls. */
export type Provider =
  | { kind: "simulator" }
  /** One OpenAI-compatible server for every provider. */
  | { kind: "server"; url: string; key?: string }
  /** Anthropic and Vertex AI themselves, by the environment variables that are set. */
  | { kind: "real"; variables: Record<string, string> };

/** What one run of the local stack is made of. */
export interface StackSettings {
  portOffset: number;
  secrets: LocalSecrets;
  provider: Provider;
  gatewayWorkers: number;
}

/** Variables that connect LiteLLM to the real providers. */
const PROVIDER_KEYS = ["ANTHROPIC_API_KEY", "VERTEXAI_PROJECT"];
/** Passed on with them. */
const PROVIDER_SETTINGS = ["VERTEXAI_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS"];

/**
 * Which provider the environment asks for.
 *
 * @throws Error when TOLLGATE_PROVIDER_URL is not a URL.
 */
export function providerOf(env: NodeJS.ProcessEnv): Provider {
  const url = env.TOLLGATE_PROVIDER_URL;
  if (url) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw new Error(
        `TOLLGATE_PROVIDER_URL (is "${url}"): use an http or https URL, as http://127.0.0.1:8000/v1`,
      );
    }
    return { kind: "server", url, key: env.TOLLGATE_PROVIDER_KEY };
  }
  if (!PROVIDER_KEYS.some((name) => env[name])) return { kind: "simulator" };
  const set = [...PROVIDER_KEYS, ...PROVIDER_SETTINGS].flatMap((name) => {
    const value = env[name];
    return value ? [[name, value] as const] : [];
  });
  return { kind: "real", variables: Object.fromEntries(set) };
}

/**
 * LiteLLM's workers, by TOLLGATE_GATEWAY_WORKERS; 1 unless set.
 *
 * @throws Error when it is not a number from 1 to 64.
 */
export function workersOf(env: NodeJS.ProcessEnv): number {
  const text = env.TOLLGATE_GATEWAY_WORKERS || "1";
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
    throw new Error(`TOLLGATE_GATEWAY_WORKERS (is "${text}"): use a whole number from 1 to 64`);
  }
  return workers;
}

/** Where a service of the catalogue listens in this run. */
export function portOf(settings: StackSettings, name: keyof typeof ports): number {
  return ports[name] + settings.portOffset;
}

/** The ledger's URL for the role that a secret names. */
export function ledgerUrl(
  settings: StackSettings,
  secret: Extract<SecretName, `ledger-${string}-url`>,
): string {
  return localSecret(secret, settings.secrets, portOf(settings, "postgres"));
}
