import type { Rule } from "../rule";
import { costCeiling } from "./ceiling";

/** What a stack may cost. */
export const costRules: Rule[] = [costCeiling as Rule];
