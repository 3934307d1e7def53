import { limits } from "../../infra/limits";
import { ofAnyType, type Rule } from "../rule";

export const documentedLimits: Rule = {
  name: "documented-limits",
  description:
    "Nothing is over a limit that Google documents (docs/limits.md): an update would stop half-way.",
  severity: "medium",
  remedy: "Keep to the limit, or ask Google for a larger quota where docs/limits.md says so",
  checks: [
    ofAnyType((props, { type, name }) =>
      limits.flatMap(({ name: limit, limit: allowed, check }) =>
        found(() => check({ type, name, inputs: props, dependsOn: [] })).map(
          (what) => `${limit}: ${what}; Google documents: ${allowed}`,
        ),
      ),
    ),
  ],
};

/** What is not set, or known only after the update, cannot be held against a limit; other rules ask for it. */
function found(check: () => string[]): string[] {
  try {
    return check();
  } catch (error) {
    if ((error as Error).name === "TypeError") return [];
    throw error;
  }
}
