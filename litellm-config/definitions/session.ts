import { usd } from "../money";
import type { SessionInput } from "../schema";

/** Limits of one conversation, whatever the tier. They stop a runaway agent, not a busy customer. */
export const session: SessionInput = {
  budget: usd("0.50"),
  runawayAt: usd("0.30"),
  tokensPerMinute: 50_000,
  calls: 100,
};
