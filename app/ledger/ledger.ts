import type { NanoDollars } from "../../litellm-config";
import { forecast, type DaySpend, type Forecast } from "./forecast";

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
  /** First day of the customer's budget month (UTC), such as "2026-11-15". */
  month: string;
  /** First day after it, on which the budget starts anew. */
  monthEnd: string;
  capNanos: NanoDollars;
  spentNanos: NanoDollars;
  heldNanos: NanoDollars;
  calls: number;
  /** Zeros for a session without a call, or when no session was asked for. */
  session: { spentNanos: NanoDollars; heldNanos: NanoDollars; calls: number };
}

/** What a customer's conversations cost lately. */
export interface RecentSpend {
  /** The day on which the customer was added, by UTC's calendar. */
  firstDay: string;
  /** Of the last four weeks at least, and the budget month. */
  days: DaySpend[];
  /** Of the budget month, by kind of question. */
  queryTypes: { queryType: string; nanos: NanoDollars; calls: number }[];
}

/** What the agent reads in the budget ledger; it never writes there. */
export interface Ledger {
  /** The customer of a key's SHA-256, or undefined for a key that belongs to no one. */
  customerByKeyHash(hash: Buffer): Promise<Customer | undefined>;
  customerById(customerId: string): Promise<Customer | undefined>;
  usage(customerId: string, sessionId?: string): Promise<Usage>;
  recentSpend(customerId: string): Promise<RecentSpend>;
  /**
   * What calls of a conversation were charged, in nano-dollars; null while one is in flight. A call that is not in the ledger
   * was refused, and cost nothing.
   */
  costOf(customerId: string, sessionId: string, callIds: readonly string[]): Promise<NanoDollars | null>;
  /** @throws when the ledger cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The forecast of a customer's budget month; null with less than three days of history. */
export function forecastOf(usage: Usage, { days, firstDay }: RecentSpend, now: Date): Forecast | null {
  const { spentNanos, capNanos } = usage;
  return forecast({ days, firstDay, now, monthEnd: new Date(usage.monthEnd), spentNanos, capNanos });
}
