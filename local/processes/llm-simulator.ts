import { startNodeService } from "./node-service";
import type { Running } from "./process";

export interface LlmSimulatorOptions {
  port: number;
  logFile: string;
}

/** Starts the simulator, which answers for every provider where no key is set. */
export function startLlmSimulator({ port, logFile }: LlmSimulatorOptions): Promise<Running> {
  return startNodeService({
    name: "llm-simulator",
    folder: "local/llm-simulator",
    port,
    logFile,
    readyPath: "/healthz",
  });
}
