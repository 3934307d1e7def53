import { z } from "zod";

const schema = z.object({
  id: z.string().min(1).optional(),
  name: z.string().min(1),
  value: z.union([z.number(), z.string()]),
  dataType: z.enum(["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT"]).optional(),
  /** `EVAL`: a judge; `ANNOTATION`: a person in Langfuse; otherwise by the API. */
  source: z.enum(["API", "EVAL", "ANNOTATION"]).optional(),
  traceId: z.string().nullish(),
  sessionId: z.string().nullish(),
  comment: z.string().nullish(),
});

/** What somebody thinks of a trace or a session, as Langfuse's API takes it. */
export type Score = z.infer<typeof schema> & { id: string };

/**
 * Reads a score.
 *
 * @param id of a score that has none
 * @throws ZodError where it is none.
 */
export function readScore(body: unknown, id: string): Score {
  const score = schema.parse(body);
  return { ...score, id: score.id ?? id };
}

/** The scores that count: one written again takes the place of the earlier one. */
export function latestScores(scores: Score[]): Score[] {
  return [...new Map(scores.map((score) => [score.id, score])).values()];
}
