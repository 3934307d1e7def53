/**
 * The LLM simulator as a process: `PORT=4010 HOST=127.0.0.1 node --import tsx local/llm-simulator/main.ts`.
 * It listens on the catalogue's port and on every address by default, and stops on SIGTERM and SIGINT.
 */
import { ports } from "../../catalogue/ports";
import { startSimulator } from "./server";

async function main(): Promise<void> {
  const simulator = await startSimulator({
    port: Number(process.env.PORT ?? ports.llmSimulator),
    host: process.env.HOST ?? "0.0.0.0",
  });
  const line = { service: "llm-simulator", level: "info", event: "started", message: simulator.url };
  console.log(JSON.stringify({ time: new Date().toISOString(), ...line }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
  }
}

main().catch((error: unknown) => {
  console.error(`llm-simulator: ${String(error)}`);
  process.exit(1);
});
