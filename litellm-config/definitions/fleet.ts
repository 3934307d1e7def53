import { usd } from "../money";
import type { FleetInput } from "../schema";

/** Limits of all customers' calls together, a day and an hour (UTC). They stop a fault or an abuse that no single budget shows. */
export const fleet: FleetInput = {
  customers: { tier_1: 200, tier_2: 100, tier_3: 30 },
  dailyBudget: usd("300"),
  hourlyBudget: usd("60"),
  degradeAtPercent: 80,
};
