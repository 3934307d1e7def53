import { readdirSync, readFileSync } from "node:fs";
import { Customer } from "../support/gateway";
import { send, type Gateways, type Kind } from "./gateways";
import { median, percentile } from "./statistics";

export interface Load {
  rounds: number;
  /** Calls a round and gateway, one after another. */
  calls: number;
}

export interface KindCost {
  /** Milliseconds a call takes. */
  median: number;
  p99: number;
  /** Processor milliseconds of the gateway a call; `undefined` where there is no /proc. */
  cpu?: number;
}

export interface Cost {
  guarded: KindCost;
  stock: KindCost;
  /** The guard's share: medians over the rounds of the difference to the stock round beside it. */
  added: KindCost;
  /** Processor milliseconds of Postgres a guarded call. */
  ledgerCpu?: number;
}

interface Round extends KindCost {
  latencies: number[];
}

/**
 * What the guard adds to a call, in rounds that alternate between the two gateways, so that whatever else the machine does
 * falls on both.
 */
export async function measureCost(gateways: Gateways, { rounds, calls }: Load): Promise<Cost> {
  const customer = await Customer.create(gateways.stack, "tier_3");
  await customer.behave({ outputTokens: 10 });
  let sessions = 0;
  const round = async (kind: Kind): Promise<Round> => {
    const latencies: number[] = [];
    const metadata = { session_id: `bench-${++sessions}` };
    const pid = kind === "guarded" ? gateways.stack.gateway.pid : gateways.stock.pid;
    const before = cpuOf(pid);
    for (let i = 0; i < calls; i++) {
      const began = performance.now();
      const status = await send(gateways, kind, customer, "simple", { metadata, body: { max_tokens: 10 } });
      latencies.push(performance.now() - began);
      if (status !== 200)
        throw new Error(`The ${kind} gateway answered ${status}: see ${gateways.stack.folder}`);
    }
    const cpu = before === undefined ? undefined : (cpuOf(pid)! - before) / calls;
    return { latencies, median: median(latencies), p99: percentile(latencies, 99), cpu };
  };

  for (const kind of ["guarded", "stock"] as const) await round(kind);
  const measured: Record<Kind, Round[]> = { guarded: [], stock: [] };
  const ledger: number[] = [];
  for (let i = 0; i < rounds; i++) {
    // The order alternates too: neither is always the one that comes after the other's garbage.
    const order: Kind[] = i % 2 === 0 ? ["guarded", "stock"] : ["stock", "guarded"];
    for (const kind of order) {
      const before = cpuOf(gateways.stack.postgres.pid);
      measured[kind].push(await round(kind));
      if (kind === "guarded" && before !== undefined) {
        ledger.push((cpuOf(gateways.stack.postgres.pid)! - before) / calls);
      }
    }
  }
  const summary = (list: Round[]): KindCost => ({
    median: median(list.map((one) => one.median)),
    p99: percentile(
      list.flatMap(({ latencies }) => latencies),
      99,
    ),
    cpu: list[0]?.cpu === undefined ? undefined : median(list.map(({ cpu }) => cpu!)),
  });
  const guarded = summary(measured.guarded);
  const stock = summary(measured.stock);
  const paired = (of: (round: Round) => number) =>
    median(measured.guarded.map((one, i) => of(one) - of(measured.stock[i]!)));
  return {
    guarded,
    stock,
    added: {
      median: paired((one) => one.median),
      p99: guarded.p99 - stock.p99,
      cpu: guarded.cpu === undefined ? undefined : paired(({ cpu }) => cpu!),
    },
    ledgerCpu: ledger.length > 0 ? median(ledger) : undefined,
  };
}

/** Clock ticks are a hundredth of a second on every Linux that Node runs on. */
const MILLISECONDS_PER_TICK = 10;

/** Processor milliseconds that a process and its descendants have used. */
function cpuOf(pid: number): number | undefined {
  try {
    const ticks = (folder: string): number => {
      // The name in the second field may hold spaces.
      const fields = readFileSync(`${folder}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    const own = ticks(`/proc/${pid}`) * MILLISECONDS_PER_TICK;
    return children.reduce((sum, child) => sum + (cpuOf(child) ?? 0), own);
  } catch {
    return undefined;
  }
}
