import { LangfuseClient } from "@langfuse/client";
import { NotLangfuse } from "../errors";
import { readMoney } from "./ledger";
import { marginScores } from "./scores";

export interface PublishOptions {
  ledgerUrl: string;
  langfuse: { baseUrl: string; publicKey: string; secretKey: string };
  environment: string;
  /** For tests. */
  now?: () => Date;
}

/**
 * Gives a function that brings the ledger's margins to Langfuse as scores; called again it writes only what has changed.
 *
 * @returns how many scores it wrote.
 */
export function marginPublisher(options: PublishOptions): () => Promise<number> {
  const { api } = new LangfuseClient(options.langfuse);
  const now = options.now ?? (() => new Date());
  let written = new Map<string, number>();
  return async () => {
    const { tiers, customers } = await readMoney(options.ledgerUrl);
    const scores = marginScores(now().toISOString().slice(0, 10), tiers, customers);
    const changed = scores.filter(({ id, value }) => written.get(id) !== value);
    // Yesterday's are of no more use.
    written = new Map([...written].filter(([id]) => scores.some((score) => score.id === id)));
    for (const score of changed) {
      const made = await api.scores.create({
        ...score,
        dataType: "NUMERIC",
        environment: options.environment,
      });
      // The client takes any answer for a success.
      if (typeof (made as Partial<typeof made> | null)?.id !== "string") throw new NotLangfuse();
      written.set(score.id, score.value);
    }
    return changed.length;
  };
}
