import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Customer, eventually } from "../support/gateway";
import { send, type Gateways } from "./gateways";

export interface RoundTrips {
  before: number;
  after: number;
}

const STATEMENT = /duration: [\d.]+ ms {2}(?:execute [^:]+|statement): (.*)/;
const LATENCY = 1_500;

/** Statements that one guarded call sends to Postgres before the provider is asked and after, by Postgres' own log. */
export async function countRoundTrips(gateways: Gateways): Promise<RoundTrips> {
  const { ledger, postgres } = gateways.stack;
  const statements = () =>
    readFileSync(postgres.logFile, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("ledger_guard "))
      .flatMap((line) => STATEMENT.exec(line)?.[1] ?? [])
      // The sweeper runs by the clock and belongs to no call.
      .filter((statement) => !statement.includes("expire_holds")).length;
  const log = async (minimum: number, prefix: string) => {
    await ledger.query(`ALTER SYSTEM SET log_min_duration_statement = ${minimum}`);
    await ledger.query(`ALTER SYSTEM SET log_line_prefix = '${prefix}'`);
    await ledger.query("SELECT pg_reload_conf()");
    await sleep(500);
  };

  const customer = await Customer.create(gateways.stack, "tier_3");
  await log(0, "%u %m [%p] ");
  try {
    // A first call opens what later ones find open.
    await send(gateways, "guarded", customer, "simple", {});
    await customer.settled();
    await customer.behave({ latencyMs: LATENCY });
    const start = statements();
    const call = send(gateways, "guarded", customer, "simple", {});
    await eventually("the call", async () => (await customer.calls()).length === 2);
    await sleep(LATENCY / 2);
    const before = statements() - start;
    await call;
    await customer.settled();
    await sleep(200);
    return { before, after: statements() - start - before };
  } finally {
    await log(-1, "%m [%p] ");
  }
}
