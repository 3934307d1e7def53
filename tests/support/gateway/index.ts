export { Customer, type CallOptions, type Reply, type Settled } from "./customer";
export type { CallRow, LedgerProbe } from "./ledger";
export { freePort } from "./ports";
export { AGENT_KEY, JUDGE_KEY, SIMPLE_KEY, startStack, type Stack, type StackOptions } from "./stack";
export { eventually } from "./wait";
export { useGateway, type Gateway } from "./use-gateway";
export { scrape, total, type Sample } from "./metrics";
