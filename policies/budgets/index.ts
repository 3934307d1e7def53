import type { Rule } from "../rule";
import { guardDeployed, guardOn } from "./guard";
import { budgetShare, sessionBudget, sessionRate, spendLimits, thresholds } from "./limits";
import { degradeCheaper, fallbackElsewhere, fallbackLasting, modelsPriced } from "./models";

/** What no stack may do with its customers' budgets, whoever changes them. */
export const budgetRules: Rule[] = [
  budgetShare,
  spendLimits,
  sessionBudget,
  sessionRate,
  thresholds,
  modelsPriced,
  degradeCheaper,
  fallbackElsewhere,
  fallbackLasting as Rule,
  guardOn,
  guardDeployed,
];
