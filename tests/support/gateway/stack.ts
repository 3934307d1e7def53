import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitions, parseDefinitions, type Definitions } from "../../../litellm-config";
import { renderGuardConfig, renderLitellmConfig } from "../../../litellm-config/render";
import { simulatedProviders, startSimulator, type Simulator } from "../../../local/llm-simulator";
import {
  migrateLedger,
  startGateway,
  startOtlpSink,
  startPostgres,
  startRedis,
  type GatewayOptions,
  type Running,
  type RunningOtlpSink,
  type RunningPostgres,
} from "../../../local/processes";
import { generatePostgresPasswords } from "../../../ops/workspace/ledger";
import { LedgerProbe } from "./ledger";
import { freePort } from "./ports";
import { SimulatorProbe } from "./simulator";

export interface StackOptions {
  workers?: number;
  /** Changes to the gateway's times, for what would take a minute in production. */
  gateway?: Partial<Definitions["gateway"]>;
  /** Changes to a session's limits. */
  session?: Partial<Definitions["session"]>;
}

/** The agent's key in the tests; it is worth nothing anywhere else. */
export const AGENT_KEY = "tollgate-test-agent-key-0123456789abcdef";

/** The gateway with all it needs, started for the tests: real LiteLLM, Postgres and Redis, a simulated provider. */
export interface Stack {
  folder: string;
  tracesDir: string;
  definitions: Definitions;
  /** What the gateway was started with. */
  gatewayOptions: GatewayOptions;
  postgres: RunningPostgres;
  redis: Running;
  gateway: Running;
  simulator: Simulator;
  provider: SimulatorProbe;
  ledger: LedgerProbe;
  /** Starts Postgres again on its data, after a test stopped it. */
  restartPostgres(): Promise<void>;
  /** Starts Redis again, after a test stopped it. */
  restartRedis(): Promise<void>;
  /** Starts the gateway again, after a test killed it. */
  restartGateway(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a stack in a folder of its own on free ports.
 *
 * @throws Error with the end of the log of what did not start; the rest is stopped.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-e2e-"));
  const log = (name: string) => join(folder, `${name}.log`);
  const stack: Partial<Stack> = { folder, tracesDir: join(folder, "traces") };
  let sink: RunningOtlpSink | undefined;
  const stop = async () => {
    await stack.gateway?.stop();
    await stack.ledger?.close();
    for (const running of [sink, stack.simulator, stack.redis, stack.postgres]) await running?.stop();
    // The logs of a stack are worth a look when a case has failed.
    if (!process.env.TOLLGATE_TEST_KEEP) rmSync(folder, { recursive: true, force: true });
  };

  try {
    stack.definitions = parseDefinitions({
      ...definitions,
      gateway: { ...definitions.gateway, ...options.gateway },
      session: { ...definitions.session, ...options.session },
    });
    const configDir = writeConfig(join(folder, "config"), stack.definitions);

    const postgresOptions = {
      port: await freePort(),
      dataDir: join(folder, "postgres"),
      passwords: generatePostgresPasswords(),
      logFile: log("postgres"),
    };
    stack.restartPostgres = async () => {
      stack.postgres = await startPostgres(postgresOptions);
    };
    await stack.restartPostgres();
    const { urls } = stack.postgres!;
    await migrateLedger(urls.ledger_owner, configDir);
    stack.ledger = new LedgerProbe(urls.postgres);

    const redisOptions = {
      port: await freePort(),
      dataDir: join(folder, "redis"),
      password: "tollgate-test-redis",
      logFile: log("redis"),
    };
    stack.restartRedis = async () => {
      stack.redis = await startRedis(redisOptions);
    };
    await stack.restartRedis();

    stack.simulator = await startSimulator({ port: await freePort() });
    stack.provider = new SimulatorProbe(stack.simulator.url);
    sink = await startSink(stack.tracesDir!, log("otlp-sink"));

    const gatewayOptions: GatewayOptions = {
      port: await freePort(),
      workers: options.workers ?? 1,
      agentKey: AGENT_KEY,
      ledgerUrl: urls.ledger_guard,
      redis: redisOptions,
      langfuse: sink.access,
      configDir,
      extraEnv: simulatedProviders(stack.simulator.url, join(folder, "service-account.json")),
      logFile: log("gateway"),
    };
    stack.gatewayOptions = gatewayOptions;
    stack.restartGateway = async () => {
      stack.gateway = await startGateway(gatewayOptions);
    };
    await stack.restartGateway();
    return Object.assign(stack, { stop }) as Stack;
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeConfig(folder: string, changed: Definitions): string {
  mkdirSync(folder, { recursive: true });
  const files = {
    "guard.json": renderGuardConfig(changed),
    "config.yaml": renderLitellmConfig(changed, { target: "providers" }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function startSink(tracesDir: string, logFile: string): Promise<RunningOtlpSink> {
  const keys = { publicKey: "pk-lf-test", secretKey: "sk-lf-test" };
  return startOtlpSink({ port: await freePort(), ...keys, tracesDir, logFile });
}
