import type { BillingInput } from "../schema";

/** How a budget month is counted. On which day a customer's begins is the customer's own: `tollgate customers anchor`. */
export const billing: BillingInput = {
  tierChanges: "at_once",
};
