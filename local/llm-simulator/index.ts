/**
 * The LLM simulator as a process: `tsx local/llm-simulator/index.ts [--port 4010] [--host 127.0.0.1]`.
 * It logs one JSON line when it is ready, and stops on SIGTERM and SIGINT.
 */
import { parseArgs } from "node:util";
import { ports } from "../../infra/catalogue/ports";
import { startSimulator } from "./server";

export { startSimulator, type Simulator, type SimulatorOptions } from "./server";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: String(ports.llmSimulator) },
      host: { type: "string", default: "127.0.0.1" },
    },
  });
  const simulator = await startSimulator({ port: Number(values.port), host: values.host });
  const line = { service: "llm-simulator", level: "info", event: "started", message: simulator.url };
  console.log(JSON.stringify({ time: new Date().toISOString(), ...line }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(`llm-simulator: ${String(error)}`);
    process.exit(1);
  });
}
