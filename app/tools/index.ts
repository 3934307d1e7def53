import { comparePeriods } from "./compare-periods";
import { getBudget } from "./get-budget";
import { getSpend } from "./get-spend";
import { listAnomalies } from "./list-anomalies";
import { listAssets } from "./list-assets";
import { listRecommendations } from "./list-recommendations";
import type { Tool } from "./tool";

/** The tools that a client and the model may call. `ask`, which calls the model, is not among them. */
export const PLAIN_TOOLS: readonly Tool[] = [
  getSpend,
  comparePeriods,
  listAnomalies,
  listRecommendations,
  listAssets,
  getBudget,
];
