import { QUERY_TYPES, type QueryType } from "../../litellm-config";

/** What a question's words say about its kind. The first that matches decides: a "why" outweighs the "how much" in it. */
const RULES: ReadonlyArray<readonly [QueryType, RegExp]> = [
  [
    "action",
    /^\W*(?:(?:please|can you|could you|would you|now|go ahead and)\W+)*(?:delete|stop|shut down|turn off|resize|downsize|remove|release|apply|enable|disable|schedule|create|buy|set up|migrate)\b/i,
  ],
  [
    "cost_analysis",
    /\b(?:why|what (?:caused|changed|happened)|spik\w+|anomal\w+|unusual\w*|increas\w+|decreas\w+|jump\w*|compar\w+|versus|vs|trend\w*|went (?:up|down)|gone (?:up|down)|go(?:ing)? (?:up|down)|higher than|lower than|driv(?:er|ing|es))\b/i,
  ],
  [
    "recommendation",
    /\b(?:optimi[sz]\w+|recommend\w*|sav(?:e|ings?)|reduc\w+|cut|cheaper|right-?siz\w+|idle|unused|unattached|oversized|wast\w+|should (?:i|we))\b/i,
  ],
  [
    "simple_lookup",
    /\b(?:how (?:much|many)|what(?:'s| is| are| was| were| did)|show|list|which|total|spen[dt]\w*|cost|costs|bill|budget|left)\b/i,
  ],
];

/** The kind of a question by its words; undefined when they do not say. Deterministic, and free. */
export function classifyByRules(question: string): QueryType | undefined {
  return RULES.find(([, words]) => words.test(question))?.[0];
}

/** The kind in a model's reply; a question that it cannot place is analysed, the middle way. */
export function readClassification(reply: string): QueryType {
  const named = QUERY_TYPES.filter((type) => reply.toLowerCase().includes(type));
  return named.length === 1 ? named[0]! : "cost_analysis";
}
