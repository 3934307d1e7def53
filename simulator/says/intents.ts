import type { ToolSpec } from "../answer";
import { projectIn, serviceIn } from "./names";

export const DIMENSIONS = ["service", "project", "sku", "day", "region", "label"] as const;

/** Something a question can be about: how it is recognised, and the tools (by name) that answer it. */
interface Intent {
  question: RegExp;
  tools: RegExp[];
  /** Plain facts, which an answer to anything else in the question brings along. */
  plain?: true;
}

const INTENTS: Intent[] = [
  {
    question:
      /\bwhy\b|go(es|ne|ing)? up|went up|increas|spike|jump|chang(ed|es|ing)|compar|differ|\bris(e|es|ing)\b|\brose\b|gr[eo]w|dropped|drove|driv(en|ing)|responsible|more than/i,
    tools: [/chang|compar|diff/i, /anomal/i],
  },
  { question: /anomal|unusual|unexpected|strange|outlier/i, tools: [/anomal/i] },
  {
    question:
      /recommend|optimi[sz]e|\bsav(e|es|ing|ings)\b|\bcut\b|reduc|wast|idle|unused|unattached|oversized|right-?siz|cheaper/i,
    tools: [/recommend/i],
  },
  { question: /budget|\bleft\b|allowance/i, tools: [/budget/i] },
  {
    question:
      /asset|inventory|resources?\b|instances|address(es)?\b|buckets?\b|databases?\b|disks?\b|\bvms?\b/i,
    tools: [/asset|inventor|resource/i],
    plain: true,
  },
  {
    question: /cost|spen[dt]|\bbill|invoice|\bpay|\bcharge|expensive|biggest/i,
    tools: [/spend|cost|bill/i],
    plain: true,
  },
];

/** What a question is about, the most specific first. */
export function intentsOf(question: string): Intent[] {
  return INTENTS.filter((intent) => intent.question.test(question));
}

/** The tools for a question: of each intent the first that fits; plain facts only when nothing else was asked. */
export function toolsFor(intents: Intent[], question: string, tools: ToolSpec[]): ToolSpec[] {
  const specific = intents.filter(({ plain }) => !plain);
  const chosen = (specific.length > 0 ? specific : intents)
    .flatMap((intent) => intent.tools)
    .map((pattern) => {
      const fitting = tools.filter((tool) => pattern.test(tool.name));
      const dimension = dimensionOf(question) ?? "service";
      return fitting.find((tool) => tool.name.toLowerCase().includes(dimension)) ?? fitting[0];
    });
  return [...new Set(chosen.filter((tool) => tool !== undefined))];
}

/** What the question wants its answer split by; a name filters and does not split, and one service is split by SKU. */
export function dimensionOf(question: string): string | undefined {
  const project = projectIn(question);
  const asked = question.replace(/\bdaily\b|\bday by day\b/i, "by day").replace(project ?? "", "");
  const found = DIMENSIONS.find((dimension) =>
    dimension === "day"
      ? /\b(by|per|each|every|which|what) days?\b/i.test(asked)
      : dimension === "project" && project !== undefined
        ? /\b(by|per|which|each|every) projects?\b/i.test(asked)
        : new RegExp(`\\b${dimension}s?\\b`, "i").test(asked),
  );
  return found ?? (serviceIn(question) ? "sku" : undefined);
}

/** The product's own kind of a question, for prompts that ask for one. */
export function queryTypeOf(question: string): string {
  if (/recommend|optimi[sz]e|sav(e|ing)|reduc|wast|idle|unused|unattached|oversized|cheaper/i.test(question))
    return "recommendation";
  if (/\bwhy\b|anomal|spike|chang|compar|trend|increas|went up|go up/i.test(question)) return "cost_analysis";
  if (/\b(delete|stop|resize|apply|dismiss|turn off)\b/i.test(question)) return "action";
  return "simple_lookup";
}
