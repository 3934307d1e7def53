import type { QueryType } from "../../../litellm-config";
import type { ToolSpec } from "../answer";

export const DIMENSIONS = ["service", "project", "sku", "day", "region", "label"] as const;

/** Something a question can be about: how it is recognised, and the tools (by name) that answer it. */
interface Intent {
  question: RegExp;
  tools: RegExp[];
}

const INTENTS: Intent[] = [
  {
    question:
      /\bwhy\b|go(es|ne|ing)? up|went up|increas|spike|jump|chang(ed|es|ing)|compar|differ|rose|grew|more than/i,
    tools: [/chang|compar|diff/i, /anomal/i],
  },
  { question: /anomal|unusual|unexpected|strange/i, tools: [/anomal/i] },
  { question: /recommend|optimi[sz]e|sav(e|ing)|\bcut\b|reduc|wast|idle|cheaper/i, tools: [/recommend/i] },
  { question: /asset|inventory|resources?\b|instances|disks|\bvms?\b/i, tools: [/asset|inventor|resource/i] },
  { question: /budget|\bleft\b|allowance/i, tools: [/budget/i] },
  { question: /cost|spen[dt]|bill|\bpay/i, tools: [/spend|cost|bill/i] },
];

/** What a question is about, the most specific first. */
export function intentsOf(question: string): Intent[] {
  return INTENTS.filter((intent) => intent.question.test(question));
}

/** The tools for a question: of each intent the first that fits; plain spend only when nothing else was asked. */
export function toolsFor(intents: Intent[], question: string, tools: ToolSpec[]): ToolSpec[] {
  const wanted = intents.length > 1 ? intents.filter((intent) => intent !== INTENTS.at(-1)) : intents;
  const chosen = wanted
    .flatMap((intent) => intent.tools)
    .map((pattern) => {
      const fitting = tools.filter((tool) => pattern.test(tool.name));
      const dimension = dimensionOf(question) ?? "service";
      return fitting.find((tool) => tool.name.toLowerCase().includes(dimension)) ?? fitting[0];
    });
  return [...new Set(chosen.filter((tool) => tool !== undefined))];
}

/** What the question wants its answer split by. */
export function dimensionOf(question: string): string | undefined {
  const asked = question.toLowerCase().replace("daily", "day");
  return DIMENSIONS.find((dimension) => asked.includes(dimension));
}

/** The product's own kind of a question, for prompts that ask for one. */
export function queryTypeOf(question: string): QueryType {
  if (/recommend|optimi[sz]e|sav(e|ing)|reduc|wast|idle|cheaper/i.test(question)) return "recommendation";
  if (/\bwhy\b|anomal|spike|chang|compar|trend|increas|went up|go up/i.test(question)) return "cost_analysis";
  if (/\b(delete|stop|resize|apply|dismiss|turn off)\b/i.test(question)) return "action";
  return "simple_lookup";
}
