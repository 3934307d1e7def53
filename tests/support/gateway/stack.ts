import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitions, parseDefinitions, type Definitions } from "../../../litellm-config";
import { renderGuardConfig, renderLitellmConfig } from "../../../litellm-config/render";
import { simulatedProviders, startSimulator, type Simulator } from "../../../simulator";
import { startPostgres, type Running, type RunningPostgres } from "../../../local/processes";
import { runJob, sinkOn, startService, type Machine } from "../../../local/target";
import { ports } from "../../../catalogue";
import { testMachine } from "../machine";
import { LedgerProbe } from "./ledger";
import { SimulatorProbe } from "./simulator";

export interface StackOptions {
  workers?: number;
  /** Changes to the gateway's times, for what would take a minute in production. */
  gateway?: Partial<Definitions["gateway"]>;
  /** Changes to a session's limits. */
  session?: Partial<Definitions["session"]>;
  /** Further variables of the gateway. */
  env?: Record<string, string>;
  /** Changes to what all customers' calls together may cost. */
  fleet?: Partial<Definitions["fleet"]>;
}

/** The agent's key in the tests; it is worth nothing anywhere else. */
export const AGENT_KEY = "tollgate-test-agent-key-0123456789abcdef";

/** A further key of the list, which may use one route only. */
export const SIMPLE_KEY = "tollgate-test-simple-key-0123456789abcdef";

/** The key of Langfuse's judges. */
export const JUDGE_KEY = "tollgate-test-judge-key-0123456789abcdef";

/** The gateway with all it needs, started for the tests: real LiteLLM, Postgres and Redis, a simulated provider. */
export interface Stack {
  folder: string;
  tracesDir: string;
  definitions: Definitions;
  /** What its services were started on. */
  machine: Machine;
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
 * Starts a stack in its own folder on free ports.
 *
 * @throws Error with the end of the log of what did not start; the rest is stopped.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-e2e-"));
  const log = (name: string) => join(folder, `${name}.log`);
  const stack: Partial<Stack> = { folder, tracesDir: join(folder, "traces") };
  let sink: Running | undefined;
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
      fleet: { ...definitions.fleet, ...options.fleet },
    });
    const configDir = writeConfig(join(folder, "config"), stack.definitions);

    const machine: Machine = {
      ...(await testMachine(folder, {
        "agent-key": AGENT_KEY,
        "agent-keys": JSON.stringify([{ name: "simple", sha256: sha256(SIMPLE_KEY), routes: ["simple"] }]),
        "judge-key": JUDGE_KEY,
        "langfuse-public-key": "pk-lf-test",
        "langfuse-secret-key": "sk-lf-test",
      })),
      folders: { gateway: () => configDir },
    };
    stack.machine = machine;

    stack.restartPostgres = async () => {
      stack.postgres = await startPostgres({
        port: machine.port(ports.postgres),
        dataDir: join(folder, "postgres"),
        logFile: log("postgres"),
        values: machine.values,
      });
    };
    await stack.restartPostgres();
    await runJob("gateway-migrations", machine);
    stack.ledger = new LedgerProbe(stack.postgres!.urls.postgres);

    stack.restartRedis = async () => {
      stack.redis = await startService("redis", machine);
    };
    await stack.restartRedis();

    stack.simulator = await startSimulator({ port: machine.port(ports.llmSimulator) });
    stack.provider = new SimulatorProbe(stack.simulator.url);
    sink = await sinkOn(machine, stack.tracesDir!);

    machine.extra = {
      gateway: () => ({
        args: ["--num_workers", String(options.workers ?? 1)],
        env: {
          ...simulatedProviders(stack.simulator!.url, join(folder, "service-account.json")),
          // Milliseconds between two batches of spans, 5,000 by default.
          OTEL_BSP_SCHEDULE_DELAY: "250",
          ...options.env,
        },
      }),
    };
    stack.restartGateway = async () => {
      stack.gateway = await startService("gateway", machine);
    };
    await stack.restartGateway();
    return Object.assign(stack, { stop }) as Stack;
  } catch (error) {
    await stop();
    throw error;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
