/**
 * The LLM simulator as a process: `PORT=4010 HOST=127.0.0.1 node --import tsx simulator/main.ts`.
 * `PORT` is required; `HOST` is every address by default. It stops on SIGTERM and SIGINT.
 */
import { startSimulator } from "./server";

async function main(): Promise<void> {
  const port = Number(process.env.PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`PORT must be a port from 1 to 65535, but is "${process.env.PORT ?? ""}"`);
  }
  const simulator = await startSimulator({ port, host: process.env.HOST ?? "0.0.0.0" });
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
