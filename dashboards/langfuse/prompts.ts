import { readFileSync } from "node:fs";
import { join } from "node:path";
import { langfuseName, PROMPT_NAMES } from "../../app/conversation/prompts";

/** A prompt of the repository under its name in Langfuse. */
export interface PromptText {
  name: string;
  text: string;
  /** Its file, for the commit message of a version. */
  file: string;
}

/** The agent's prompts, as the agent reads them where it has no Langfuse. */
export function langfusePrompts(): PromptText[] {
  return PROMPT_NAMES.map((name) => {
    const file = `app/prompts/${name}.md`;
    return {
      name: langfuseName(name),
      file,
      text: readFileSync(join(__dirname, "..", "..", file), "utf8").trim(),
    };
  });
}
