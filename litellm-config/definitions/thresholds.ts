import type { ThresholdInput } from "../schema";

/** What happens as a customer's monthly budget is used up, in percent of it. */
export const thresholds: ThresholdInput[] = [
  { percent: 50, action: "log" },
  { percent: 80, action: "notify" },
  { percent: 95, action: "degrade" },
  { percent: 100, action: "block" },
];
