import type { Rule } from "../rule";
import { costCeiling, worstCaseCeiling } from "./ceiling";

/** What a stack may cost. */
export const costRules: Rule[] = [costCeiling, worstCaseCeiling];
