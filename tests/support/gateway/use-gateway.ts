import { Customer } from "./customer";
import { startStack, type Stack, type StackOptions } from "./stack";

/** What the cases of a test file work with. */
export interface Gateway {
  readonly stack: Stack;
  /** A new customer with an empty ledger. */
  customer(tier?: string): Promise<Customer>;
  /** Says that this test's provider bills more than was allowed, so that a cap may be passed. */
  mayPassCap(): void;
}

/**
 * Starts one stack for all tests of a file. After each test the books of its customers must balance, no cap may have been
 * passed, and the ledger may not have counted less than the provider billed.
 */
export function useGateway(options: StackOptions): Gateway {
  let stack: Stack | undefined;
  let customers: Customer[] = [];
  let capsHold = true;

  const running = (): Stack => {
    if (!stack) throw new Error("The stack is not running");
    return stack;
  };

  beforeAll(async () => {
    stack = await startStack(options);
  }, 180_000);
  afterAll(() => stack?.stop(), 60_000);
  beforeEach(() => {
    customers = [];
    capsHold = true;
  });
  afterEach(async () => {
    for (const customer of customers) {
      const { billed, booked, month } = await customer.settled();
      expect(await running().ledger.contradictions(customer.id)).toEqual([]);
      expect(booked).toBeGreaterThanOrEqual(billed);
      if (!capsHold) continue;
      expect(month.spent_nanos).toBeLessThanOrEqual(month.cap_nanos);
      const overspent = await running().ledger.query<{ session_id: string }>(
        "SELECT session_id, spent_nanos FROM ledger.sessions WHERE customer_id = $1 AND spent_nanos > $2",
        [customer.id, running().definitions.session.budget],
      );
      expect(overspent.filter(({ session_id }) => session_id !== "before")).toEqual([]);
    }
  });

  return {
    get stack() {
      return running();
    },
    customer: async (tier) => {
      const customer = await Customer.create(running(), tier);
      customers.push(customer);
      return customer;
    },
    mayPassCap: () => {
      capsHold = false;
    },
  };
}
