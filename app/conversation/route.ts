import { definitions, type QueryType } from "../../litellm-config";

export interface Route {
  /** What the gateway is asked for as the model. */
  name: string;
  /** Output tokens a call may make. */
  maxTokens: number;
}

/**
 * The route of a kind of query, by the definitions.
 *
 * @throws Error when none does, which the definitions should rule out.
 */
export function routeFor(queryType: QueryType): Route {
  const found = Object.entries(definitions.routes).find(([, { queryTypes }]) =>
    queryTypes.includes(queryType),
  );
  if (!found)
    throw new Error(`no route in litellm-config/definitions/routes.ts takes ${queryType}: add it to one`);
  return { name: found[0], maxTokens: found[1].defaultMaxTokens };
}
