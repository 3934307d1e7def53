import { z } from "zod";
import type { Statement } from "./write";

/** A kind of result: how it is recognised, and what an assistant makes of it. */
export interface Kind {
  state(result: unknown): Statement | undefined;
}

/** A kind that is recognised by its schema. */
export function kind<S extends z.ZodType>(schema: S, state: (result: z.output<S>) => Statement): Kind {
  return {
    state(result) {
      const parsed = schema.safeParse(result);
      return parsed.success ? state(parsed.data) : undefined;
    },
  };
}

/** First and last day of a result. */
export const period = { from: z.iso.date(), to: z.iso.date() };

/** Notes of a result; the first one that says why there is no answer is the answer. */
export function whyNot(notes: readonly string[], otherwise: string): { finding: string; rest: string[] } {
  const reason = notes.find((note) =>
    /no billing data|still empty|cannot be compared|can be checked/i.test(note),
  );
  return { finding: reason ?? otherwise, rest: notes.filter((note) => note !== reason) };
}
