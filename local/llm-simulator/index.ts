export { startSimulator, type Simulator, type SimulatorOptions } from "./server";
export type { RequestRecord, Totals, Usage } from "./account";
export type { Behaviour } from "./behaviour";
