import { startAgent } from "./agent";
import { ConfigError, readConfig, type Config } from "./config";
import { createLog } from "./telemetry";
import { endOnUncaught } from "./telemetry/uncaught";

/** The agent's process: settings from the environment, stopped by SIGTERM or SIGINT. */
async function main(config: Config): Promise<void> {
  const log = createLog({ level: config.LOG_LEVEL, environment: config.TOLLGATE_ENVIRONMENT });
  const starting = startAgent(config, { log });
  endOnUncaught(
    (err) => log.error({ event: "agent.failed", err }, "an error that nothing caught ends the agent"),
    async () => (await starting).sendTraces(),
  );
  const agent = await starting;
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

function settings(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

void main(settings());
