/** `tollgate customers add|list|show|tier|key|usage`: customers of the ledger, their key, tier, project and usage. */
import { definitions } from "../../litellm-config";
import { withLedger } from "./connect";
import { addCustomer, changeTier, findCustomer, listCustomers, renewKey, usageOf } from "./customers";
import { customerTable, print, usageTable } from "./print";
import { runCommand, tollgateCommand } from "../terminal/command";

interface Json {
  json?: boolean;
}

const tiers = Object.keys(definitions.tiers).join(", ");
const program = tollgateCommand(
  "customers",
  "Manage the ledger's customers: key, tier, project, and this month's usage.",
).addHelpText(
  "after",
  "\nThe ledger is the running local stack's, or the one at TOLLGATE_LEDGER_URL (role ledger_admin).\n`tollgate --stack <name> customers ...` asks that of a stack on Google Cloud.",
);

program
  .command("add <customer-id>")
  .description("add a customer and print its key, which is shown this once")
  .requiredOption("--tier <tier>", `one of ${tiers}`)
  .option("--name <name>", "its name (default: the id)")
  .option("--project <id>", "its Google Cloud project")
  .option("--json", "print JSON")
  .action(async (customerId: string, options: { tier: string; name?: string; project?: string } & Json) => {
    const { tier, name = customerId, project: gcpProject, json = false } = options;
    const added = await withLedger((ledger) => addCustomer(ledger, { customerId, name, tier, gcpProject }));
    print(
      json,
      { ...added.customer, key: added.key },
      () =>
        `Added ${customerId} on ${tier}. Its key, which is stored nowhere and not shown again:\n${added.key}`,
    );
  });

program
  .command("list")
  .description("list every customer")
  .option("--json", "print JSON")
  .action(async ({ json = false }: Json) => {
    const customers = await withLedger(listCustomers);
    print(json, customers, () => customerTable(customers));
  });

program
  .command("show <customer-id>")
  .description("show a customer with this month's usage")
  .option("--json", "print JSON")
  .action(async (customerId: string, { json = false }: Json) => {
    const shown = await withLedger(async (ledger) => ({
      ...(await findCustomer(ledger, customerId)),
      usage: (await usageOf(ledger, customerId))[0],
    }));
    const { usage, ...customer } = shown;
    print(json, shown, () => `${customerTable([customer])}\n${usageTable(usage ? [usage] : [])}`);
  });

program
  .command("tier <customer-id> <tier>")
  .description(`put a customer on another tier (${tiers})`)
  .option("--json", "print JSON")
  .action(async (customerId: string, tier: string, { json = false }: Json) => {
    const customer = await withLedger((ledger) => changeTier(ledger, customerId, tier));
    print(json, customer, () => `${customerId} is on ${tier} now.`);
  });

program
  .command("key <customer-id>")
  .description("give a customer a new key and print it, this once; the old one stops working")
  .option("--json", "print JSON")
  .action(async (customerId: string, { json = false }: Json) => {
    const key = await withLedger((ledger) => renewKey(ledger, customerId));
    print(json, { customerId, key }, () => `The new key of ${customerId}:\n${key}`);
  });

program
  .command("usage [customer-id]")
  .description("what is spent, held and left this month")
  .option("--json", "print JSON")
  .action(async (customerId: string | undefined, { json = false }: Json) => {
    const usages = await withLedger((ledger) => usageOf(ledger, customerId));
    print(json, usages, () => usageTable(usages));
  });

runCommand(program);
