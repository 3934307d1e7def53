import { LangfuseClient } from "@langfuse/client";
import { explain } from "../langfuse/errors";
import { allCursorPages } from "../langfuse/pages";

/** The judge's score by which variants are compared: does the answer do what was asked, from 0 to 1. */
const SCORE = "question-answered";

/** A million scores. */
const MOST_PAGES = 10_000;

/** Scores by trace, or why there are none. */
export type Scores = { byTrace: Map<string, number> } | { absent: string };

/**
 * The scores of traces since a time, from the Langfuse that LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY name.
 * A Langfuse that does not answer takes the scores away, not the comparison.
 */
export async function readScores(from: Date): Promise<Scores> {
  const { LANGFUSE_HOST: host, LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey } = process.env;
  if (!host || !publicKey || !secretKey)
    return {
      absent: "No scores: set LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY to compare them.",
    };
  const { api } = new LangfuseClient({ publicKey, secretKey, baseUrl: host.replace(/\/$/, "") });
  try {
    const scores = await allCursorPages(
      (page) =>
        api.scoresV3.getManyV3({
          ...page,
          name: SCORE,
          dataType: "NUMERIC",
          fields: "subject",
          fromTimestamp: from.toISOString(),
        }),
      MOST_PAGES,
    );
    const byTrace = new Map<string, number>();
    for (const { value, subject } of scores) {
      const trace =
        subject?.kind === "trace"
          ? subject.id
          : subject?.kind === "observation"
            ? subject.traceId
            : undefined;
      if (trace !== undefined && typeof value === "number") byTrace.set(trace, value);
    }
    return { byTrace };
  } catch (error) {
    return { absent: `No scores: ${explain(error, host)}` };
  }
}
