import { writeFileSync } from "node:fs";
import { ANTHROPIC_KEY } from "./anthropic/read";
import { simulatedServiceAccount } from "./vertex/credentials";

/**
 * The gateway's environment with the simulator in every provider's place: the meter reads the addresses and keys, so that the
 * production `config.yaml` runs as it is.
 *
 * @param url the simulator's address, such as `http://127.0.0.1:4010`
 * @param keyFile where the key file of a simulated service account is written, readable by its owner only
 */
export function simulatedProviders(url: string, keyFile: string): Record<string, string> {
  writeFileSync(keyFile, simulatedServiceAccount(url), { mode: 0o600 });
  return {
    TOLLGATE_ANTHROPIC_URL: url,
    ANTHROPIC_API_KEY: ANTHROPIC_KEY,
    TOLLGATE_VERTEX_URL: url,
    VERTEXAI_PROJECT: "simulated-project",
    // Where the newest Gemini models are, as in production.
    VERTEXAI_LOCATION: "global",
    GOOGLE_APPLICATION_CREDENTIALS: keyFile,
    SELF_HOSTED_URL: `${url}/v1`,
    SELF_HOSTED_API_KEY: "none",
  };
}
