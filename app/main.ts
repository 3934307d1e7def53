import { startAgent } from "./agent";
import { ConfigError, readConfig } from "./config";

/** The agent's process: settings from the environment, stopped by SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const agent = await startAgent(readConfig());
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    agent.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
