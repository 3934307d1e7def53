import type { ClientBase } from "pg";
import { definitions } from "../../litellm-config";
import { findCustomer } from "../customers/customer";
import { inTransaction, record, type Change } from "../ledger/audit";
import { UsageError } from "../terminal/command";

/** What a brake stops: all calls, or those of a tier, a route or a customer. */
export interface Target {
  scope: "all" | "tier" | "route" | "customer";
  /** Empty for all. */
  value: string;
}

export interface Brake extends Target {
  /** ISO 8601. */
  since: string;
  reason: string;
}

/**
 * The target that options name, which must be exactly one.
 *
 * @throws UsageError when it is not, or names what is not there.
 */
export function targetOf(options: Record<string, string | boolean | undefined>): Target {
  const given = (["all", "tier", "route", "customer"] as const).filter(
    (scope) => options[scope] !== undefined,
  );
  const [scope] = given;
  if (scope === undefined || given.length > 1) {
    throw new UsageError("Give one of --all, --tier <tier>, --route <route> and --customer <id>");
  }
  const value = scope === "all" ? "" : String(options[scope]);
  const known = { tier: Object.keys(definitions.tiers), route: Object.keys(definitions.routes) };
  if ((scope === "tier" || scope === "route") && !known[scope].includes(value)) {
    throw new UsageError(`--${scope} (is "${value}"): use one of ${known[scope].join(", ")}`);
  }
  return { scope, value };
}

/** The brakes that are on. */
export async function listBrakes(ledger: ClientBase): Promise<Brake[]> {
  const { rows } = await ledger.query<Omit<Brake, "since"> & { since: Date }>(
    "select scope, value, since, reason from ledger.brakes order by since",
  );
  return rows.map((row) => ({ ...row, since: row.since.toISOString() }));
}

/**
 * Puts a brake on or takes it off: the guard's next reservation obeys. The event for receivers is a part of the same transaction.
 *
 * @returns false when it was so already.
 * @throws CustomerError on an unknown customer.
 */
export function setBrake(
  ledger: ClientBase,
  target: Target,
  on: boolean,
  by: Change & { reason: string },
): Promise<boolean> {
  const { scope, value } = target;
  return inTransaction(ledger, async () => {
    if (scope === "customer") await findCustomer(ledger, value);
    const { rowCount } = on
      ? await ledger.query(
          "insert into ledger.brakes (scope, value, reason) values ($1, $2, $3) on conflict do nothing",
          [scope, value, by.reason],
        )
      : await ledger.query("delete from ledger.brakes where scope = $1 and value = $2", [scope, value]);
    if (rowCount === 0) return false;
    const customerId = scope === "customer" ? value : undefined;
    await record(ledger, by, on ? "brake.on" : "brake.off", { customerId, after: target });
    await ledger.query("insert into ledger.events (type, customer_id, data) values ($1, $2, $3)", [
      on ? "brake.on" : "brake.off",
      customerId,
      JSON.stringify({ ...target, reason: by.reason, actor: by.actor }),
    ]);
    return true;
  });
}
