export type { RequestRecord, Totals } from "./account";
export type { Usage } from "./answer";
export type { Behaviour } from "./behaviour";
export { simulatedProviders } from "./credentials";
export { startSimulator, type Simulator, type SimulatorOptions } from "./server";
