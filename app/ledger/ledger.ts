import type { NanoDollars } from "../../litellm-config";

/** Who a bearer key belongs to. Everything that a request may see or spend hangs on this, never on its arguments. */
export interface Customer {
  customerId: string;
  tier: string;
  /** Null until the customer connects one. */
  gcpProject: string | null;
  disabled: boolean;
}

/** What is used and left, in nano-dollars. `held` is kept for calls in flight. */
export interface Usage {
  /** First day of the calendar month (UTC), as "2026-11-01". */
  month: string;
  capNanos: NanoDollars;
  spentNanos: NanoDollars;
  heldNanos: NanoDollars;
  calls: number;
  /** Zeros for a session without a call, or when no session was asked for. */
  session: { spentNanos: NanoDollars; heldNanos: NanoDollars; calls: number };
}

/** What the agent reads in the budget ledger; it never writes there. */
export interface Ledger {
  /** The customer of a key's SHA-256, or undefined for a key that belongs to no one. */
  customerByKeyHash(hash: Buffer): Promise<Customer | undefined>;
  customerById(customerId: string): Promise<Customer | undefined>;
  usage(customerId: string, sessionId?: string): Promise<Usage>;
  /** @throws when the ledger cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
