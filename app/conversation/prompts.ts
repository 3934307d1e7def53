import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LangfuseClient } from "@langfuse/client";
import type { Telemetry } from "../telemetry";

export const PROMPT_NAMES = ["assistant", "classify"] as const;
export type PromptName = (typeof PROMPT_NAMES)[number];

export interface Prompt {
  text: string;
  /** Langfuse's version number, or "repository". */
  version: string;
  /** How the gateway links a call to the prompt in Langfuse; empty where the repository's is used. */
  link: { prompt_name?: string; prompt_version?: number };
}

export interface Prompts {
  /** The newest text known, with `{{name}}` replaced by its value. Never waits for Langfuse. */
  get(name: PromptName, values?: Record<string, string>): Prompt;
}

/** The prompt of that name in Langfuse; its version labelled `production` is the one in use. */
export const langfuseName = (name: PromptName): string => `tollgate-${name}`;

const FRESH_FOR_MS = 60_000;

/**
 * System prompts. They are in this repository; a version in Langfuse with the label `production` replaces them as soon
 * as it has been read, and is looked for again every minute while the agent is asked.
 *
 * @param langfuse absent when the agent runs without Langfuse.
 */
export function createPrompts(langfuse: LangfuseClient | undefined, { log }: Telemetry): Prompts {
  const known = new Map<PromptName, Prompt>();
  const askedAt = new Map<PromptName, number>();
  for (const name of PROMPT_NAMES) {
    known.set(name, { text: readRepository(name), version: "repository", link: {} });
    refresh(name);
  }

  function refresh(name: PromptName): void {
    if (!langfuse || Date.now() - (askedAt.get(name) ?? 0) < FRESH_FOR_MS) return;
    askedAt.set(name, Date.now());
    // The plain API, because the SDK's prompt manager writes to the console when Langfuse has none.
    langfuse.api.prompts
      .get(langfuseName(name), { label: "production" }, { timeoutInSeconds: 3, maxRetries: 0 })
      .then((found) => {
        if (found.type !== "text") return;
        const link = { prompt_name: langfuseName(name), prompt_version: found.version };
        known.set(name, { text: found.prompt, version: String(found.version), link });
      })
      .catch(() => log.debug({ event: "prompt.fallback", prompt: name }, `prompt ${name}: none in Langfuse`));
  }

  return {
    get(name, values = {}) {
      refresh(name);
      const prompt = known.get(name)!;
      const text = prompt.text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole);
      return { ...prompt, text };
    },
  };
}

function readRepository(name: PromptName): string {
  return readFileSync(join(__dirname, "..", "prompts", `${name}.md`), "utf8").trim();
}
