import { z } from "zod";
import { Answer, type Route } from "./http";

const create = z.strictObject({
  id: z.string().optional(),
  sessionId: z.string().min(1),
  name: z.string().min(1),
  value: z.number(),
  dataType: z.literal("NUMERIC"),
  environment: z
    .string()
    .regex(/^(?!langfuse)[a-z0-9-_]+$/)
    .default("default"),
});

export type StoredScore = z.infer<typeof create>;

/** Scores: one with an id that is there already takes its place. */
export function scoreRoutes(scores: StoredScore[]): Route[] {
  return [
    {
      method: "POST",
      path: /^\/api\/public\/scores$/,
      answer: ({ body }) => {
        const score = create.parse(body);
        const at = scores.findIndex(({ id }) => id === score.id);
        scores.splice(at < 0 ? scores.length : at, at < 0 ? 0 : 1, score);
        return new Answer(200, { id: score.id });
      },
    },
  ];
}
