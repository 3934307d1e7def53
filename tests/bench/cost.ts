import { Customer } from "../support/gateway";
import { MEASURED_MODEL, send, type Gateways, type Kind } from "./gateways";
import { cpuOf } from "./process";
import { KINDS, measurePairs, type Extent } from "./pairs";
import { median, percentile, ratioOf, type Estimate, type Random } from "./statistics";

export interface Load extends Extent {
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
  rounds: number;
  guarded: KindCost;
  stock: KindCost;
  /** The guard's share: medians over the rounds of the difference to the paired stock round. */
  added: KindCost;
  /** The guarded gateway's figures as multiples of the stock one's. */
  ratios: { median: Estimate; p99: Estimate; cpu?: Estimate };
  /** Processor milliseconds of Postgres a guarded call. */
  ledgerCpu?: number;
}

interface Round {
  latencies: number[];
  median: number;
  cpu: number | undefined;
}

/** What the guard adds to a call, in pairs of short rounds, a random gateway first: what else the machine does falls on both. */
export async function measureCost(
  gateways: Gateways,
  load: Load,
  random: Random,
  say: (text: string) => void,
): Promise<Cost> {
  const { calls } = load;
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
      const status = await send(gateways, kind, customer, MEASURED_MODEL, {
        metadata,
        body: { max_tokens: 10 },
      });
      latencies.push(performance.now() - began);
      if (status !== 200)
        throw new Error(`The ${kind} gateway answered ${status}: see ${gateways.stack.folder}`);
    }
    const cpu = before === undefined ? undefined : (cpuOf(pid)! - before) / calls;
    return { latencies, median: median(latencies), cpu };
  };

  for (const kind of KINDS) for (let i = 0; i < 3; i++) await round(kind);
  const ledger: number[] = [];
  const pairs = await measurePairs(
    async (kind) => {
      const before = cpuOf(gateways.stack.postgres.pid);
      const measured = await round(kind);
      if (kind === "guarded" && before !== undefined)
        ledger.push((cpuOf(gateways.stack.postgres.pid)! - before) / calls);
      return measured;
    },
    load,
    random,
    say,
  );

  const medianOf = (list: Round[]) => median(list.map((one) => one.median));
  const p99Of = (list: Round[]) =>
    percentile(
      list.flatMap(({ latencies }) => latencies),
      99,
    );
  // A sum and no median: a clock of ten milliseconds is too coarse for a short round.
  const cpuOfRounds = (list: Round[]) => list.reduce((sum, { cpu }) => sum + cpu!, 0) / list.length;
  const counted = pairs[0]?.stock.cpu !== undefined;
  const summary = (kind: Kind): KindCost => {
    const list = pairs.map((pair) => pair[kind]);
    return { median: medianOf(list), p99: p99Of(list), cpu: counted ? cpuOfRounds(list) : undefined };
  };
  const [guarded, stock] = [summary("guarded"), summary("stock")];
  return {
    rounds: pairs.length,
    guarded,
    stock,
    added: {
      median: median(pairs.map((pair) => pair.guarded.median - pair.stock.median)),
      p99: guarded.p99 - stock.p99,
      cpu: counted ? guarded.cpu! - stock.cpu! : undefined,
    },
    ratios: {
      median: ratioOf(pairs, medianOf, random),
      p99: ratioOf(pairs, p99Of, random),
      ...(counted ? { cpu: ratioOf(pairs, cpuOfRounds, random) } : {}),
    },
    ledgerCpu: ledger.length > 0 ? ledger.reduce((sum, one) => sum + one, 0) / ledger.length : undefined,
  };
}
