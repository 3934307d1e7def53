import { addCustomer } from "../../ops/customers/changes";
import { CustomerError, findCustomer } from "../../ops/customers/customer";
import { addKey } from "../../ops/customers/keys";
import { withClient } from "../../ops/workspace/pg-client";
import { writeSecrets } from "../../ops/workspace/secrets";
import { ledgerUrl, type StackSettings } from "./settings";

/** The customer that `npm start` and `npm run ask` speak as. */
export const SAMPLE_CUSTOMER = {
  customerId: "sample",
  name: "Sample customer",
  tier: "tier_2",
  gcpProject: "shop-prod",
};

const BY = { actor: "npm start", reason: "the sample customer" };

/**
 * Adds the sample customer on the first start; later ones find it, whatever tier it is on by then.
 *
 * @returns its key.
 */
export async function ensureSampleCustomer(settings: StackSettings): Promise<string> {
  const { secrets } = settings;
  return withClient(ledgerUrl(settings, "ledger-admin-url"), async (ledger) => {
    const exists = await findCustomer(ledger, SAMPLE_CUSTOMER.customerId).then(
      () => true,
      (error: unknown) => {
        if (error instanceof CustomerError) return false;
        throw error;
      },
    );
    if (exists && secrets.sampleCustomerKey) return secrets.sampleCustomerKey;
    const key = exists
      ? (await addKey(ledger, SAMPLE_CUSTOMER.customerId, 0, BY)).key
      : (await addCustomer(ledger, SAMPLE_CUSTOMER, BY)).key;
    secrets.sampleCustomerKey = key;
    writeSecrets(secrets);
    return key;
  });
}
