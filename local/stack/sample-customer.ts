import { addCustomer, findCustomer, CustomerError, renewKey } from "../../ops/customers/customers";
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
      ? await renewKey(ledger, SAMPLE_CUSTOMER.customerId)
      : (await addCustomer(ledger, SAMPLE_CUSTOMER)).key;
    secrets.sampleCustomerKey = key;
    writeSecrets(secrets);
    return key;
  });
}
