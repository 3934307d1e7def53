import { usd } from "../../litellm-config";
import { hashKey } from "../../app/ledger/key";
import type { Customer, Ledger, RecentSpend, Usage } from "../../app/ledger/ledger";

/** The agent's view of a ledger, in memory: customers by their key, and usage as a test sets it. */
export class MemoryLedger implements Ledger {
  readonly usages = new Map<string, Usage>();
  readonly spend = new Map<string, RecentSpend>();
  /** What calls cost, by id: the answers of one look after the other, null while it is in flight. */
  readonly costs = new Map<string, (number | null)[]>();
  lookups = 0;
  down = false;
  costsDown = false;
  closed = false;
  private readonly customers = new Map<string, Customer>();

  add(key: string, customer: Partial<Customer> & { customerId: string }): void {
    const defaults = { tier: "tier_2", gcpProject: "shop-prod", disabled: false };
    this.customers.set(hashKey(key).toString("hex"), { ...defaults, ...customer });
  }

  customerByKeyHash(hash: Buffer): Promise<Customer | undefined> {
    this.lookups += 1;
    if (this.down) return Promise.reject(new Error("connection refused"));
    return Promise.resolve(this.customers.get(hash.toString("hex")));
  }

  customerById(customerId: string): Promise<Customer | undefined> {
    return Promise.resolve([...this.customers.values()].find((each) => each.customerId === customerId));
  }

  usage(customerId: string): Promise<Usage> {
    if (this.down) return Promise.reject(new Error("connection refused"));
    return Promise.resolve(this.usages.get(customerId) ?? usageOf({}));
  }

  recentSpend(customerId: string): Promise<RecentSpend> {
    if (this.down) return Promise.reject(new Error("connection refused"));
    return Promise.resolve(
      this.spend.get(customerId) ?? { firstDay: "2026-11-24", days: [], queryTypes: [] },
    );
  }

  costOf(_customerId: string, _sessionId: string, callIds: readonly string[]): Promise<number | null> {
    if (this.down || this.costsDown) return Promise.reject(new Error("connection refused"));
    const costs = callIds.map((id) => {
      const looks: (number | null)[] = this.costs.get(id) ?? [0];
      return (looks.length > 1 ? looks.shift() : looks[0]) ?? null;
    });
    const known = costs.filter((cost) => cost !== null);
    return Promise.resolve(known.length < costs.length ? null : known.reduce((sum, cost) => sum + cost, 0));
  }

  ping(): Promise<void> {
    return this.down ? Promise.reject(new Error("connection refused")) : Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Usage of tier 2 in November 2026, nothing spent by default. */
export function usageOf(over: Partial<Usage>): Usage {
  return {
    month: "2026-11-01",
    monthEnd: "2026-12-01",
    capNanos: usd("18"),
    spentNanos: 0,
    heldNanos: 0,
    calls: 0,
    session: { spentNanos: 0, heldNanos: 0, calls: 0 },
    ...over,
  };
}
