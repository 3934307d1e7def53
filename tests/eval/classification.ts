import { readFileSync } from "node:fs";
import { join } from "node:path";
import { classifyByRules } from "../../app/conversation/classify";
import { routeFor } from "../../app/conversation/route";
import { definitions, QUERY_TYPES, type NanoDollars, type QueryType } from "../../litellm-config";

/** A question whose kind is known. */
export interface Labelled {
  group: string;
  kind: QueryType;
  /** Questions asked before in the conversation, oldest first. */
  earlier: string[];
  question: string;
}

/** What a usual question takes of a model, in tokens: for what a wrong route costs more. Instructions, tools and their results. */
const USUAL = { input: 9_000, output: 400 };

/** The labelled questions. @throws Error naming a malformed line. */
export function readQuestions(file = join(__dirname, "questions.txt")): Labelled[] {
  let group = "";
  const questions: Labelled[] = [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.startsWith("## ")) group = line.slice(3);
    if (line === "" || line.startsWith("#")) continue;
    const [kind = "", text = ""] = line.split(" | ");
    if (!(QUERY_TYPES as readonly string[]).includes(kind) || text === "") {
      throw new Error(
        `${file}: ${JSON.stringify(line)} is not "kind | question"; kinds: ${QUERY_TYPES.join(", ")}`,
      );
    }
    const asked = text.split(" >> ");
    questions.push({ group, kind: kind as QueryType, earlier: asked.slice(0, -1), question: asked.at(-1)! });
  }
  return questions;
}

/** What a usual question costs on the route of a kind, in nano-dollars. */
export function usualCost(kind: QueryType): NanoDollars {
  const { variants } = definitions.routes[routeFor(kind).name]!;
  const weights = variants.reduce((sum, { weight }) => sum + weight, 0);
  const costs = variants.map(({ model, weight }) => {
    const { price } = definitions.models[model]!;
    return ((price.input * USUAL.input + price.output * USUAL.output) * weight) / weights;
  });
  return costs.reduce((sum, cost) => sum + cost, 0);
}

export interface Classified extends Labelled {
  /** Undefined: the words do not say, and a model is asked. */
  found: QueryType | undefined;
}

export interface ClassificationScore {
  questions: number;
  /** By the words alone, without a call. */
  right: number;
  leftToModel: number;
  wrong: Classified[];
  /** What wrong routes cost more than right ones, over all questions, in nano-dollars a question. */
  overspentNanos: NanoDollars;
  /** Questions that went to a route below what they need. */
  tooCheap: number;
}

/** Sorts every question by its words, and counts. */
export function scoreClassification(questions: readonly Labelled[]): ClassificationScore {
  const classified = questions.map((each) => ({
    ...each,
    found: classifyByRules(each.question, each.earlier),
  }));
  const wrong = classified.filter(({ found, kind }) => found !== undefined && found !== kind);
  const excess = ({ found, kind }: Classified) => usualCost(found!) - usualCost(kind);
  return {
    questions: questions.length,
    right: classified.filter(({ found, kind }) => found === kind).length,
    leftToModel: classified.filter(({ found }) => found === undefined).length,
    wrong,
    overspentNanos: Math.round(
      wrong.reduce((sum, each) => sum + Math.max(0, excess(each)), 0) / questions.length,
    ),
    tooCheap: wrong.filter((each) => excess(each) < 0).length,
  };
}
