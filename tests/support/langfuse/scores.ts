import { z } from "zod";
import { Answer, cursorPage, type Route } from "./http";

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

/** A score that a judge of the server's own has given to an observation or a trace. */
export interface JudgedScore {
  name: string;
  value: number;
  /** ISO 8601. */
  timestamp: string;
  subject: { kind: "observation"; id: string; traceId: string } | { kind: "trace"; id: string };
}

/** The parameters of `GET /api/public/v3/scores` that are used, as `GetScoresV3Request` of `@langfuse/core` bounds them. */
const list = z.strictObject({
  limit: z.coerce.number().int().positive().max(100).optional(),
  cursor: z.string().optional(),
  name: z.string().optional(),
  dataType: z.literal("NUMERIC").optional(),
  fields: z
    .string()
    .regex(/^(details|subject|annotation)(,(details|subject|annotation))*$/)
    .optional(),
  fromTimestamp: z.iso.datetime().optional(),
});

/** Scores: one with an id that is there already takes its place. */
export function scoreRoutes(scores: StoredScore[], judged: JudgedScore[]): Route[] {
  return [
    {
      method: "GET",
      path: /^\/api\/public\/v3\/scores$/,
      answer: ({ query }) => {
        const { name, fields, fromTimestamp } = list.parse(Object.fromEntries(query));
        const found = judged
          .filter((score) => !name || name.split(",").includes(score.name))
          .filter(({ timestamp }) => !fromTimestamp || Date.parse(timestamp) >= Date.parse(fromTimestamp));
        const core = { projectId: "tollgate", dataType: "NUMERIC", source: "EVAL", environment: "default" };
        const shown = found.map(({ subject, ...score }, at) => ({
          ...core,
          id: `score-${at}`,
          createdAt: score.timestamp,
          updatedAt: score.timestamp,
          ...score,
          ...(fields?.includes("subject") ? { subject } : {}),
        }));
        return cursorPage(shown, query);
      },
    },
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
