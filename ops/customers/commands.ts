import { Option } from "commander";
import { definitions, formatUsd } from "../../litellm-config";
import { defineLedgerCommand, type LedgerCommand } from "../ledger/command";
import {
  addCustomer,
  changeCustomer,
  checkedField,
  deleteCustomer,
  setDisabled,
  type Changeable,
} from "./changes";
import { addGrant, amountOf, dayAfter, endOverride, grantsOf, overrideOf, setOverride } from "./budget";
import { checked, customerFields, findCustomer, listCustomers, type NewCustomer } from "./customer";
import { importCustomers, readCustomers } from "./import";
import { addKey, checkOverlap, listKeys, revokeKey } from "./keys";
import {
  budgetText,
  customerTable,
  deletedText,
  importTable,
  keyTable,
  totalsTable,
  usageTable,
} from "./print";
import { readOutlook, type Outlook } from "../ledger/outlook";
import { readTextFile } from "../terminal/text-file";
import { usageOf } from "./usage";

const TIERS = Object.keys(definitions.tiers).join(", ");

/** A command that changes one field: its name, the field, and what to call the value. */
function fieldCommand(name: string, field: Changeable, value: string, about: string): LedgerCommand<unknown> {
  const valueOf = (text: string) => (text === "none" && field !== "name" ? null : text);
  return defineLedgerCommand({
    usage: `${name} <customer-id> <${value}>`,
    about,
    changes: true,
    check: ([, to]) => checkedField(field, valueOf(to!)),
    run: (ledger, [customerId, to], _, by) => changeCustomer(ledger, customerId!, field, valueOf(to!), by),
    text: (customer) => `${customer.customerId}: ${field} is ${customer[field] ?? "none"} now.`,
  });
}

type Value = string | boolean | undefined;

function newCustomer(customerId: string, options: Record<string, Value>): NewCustomer {
  const { tier, name = customerId, project, stripe, anchor } = options;
  const customer = { customerId, name, tier, gcpProject: project, stripeCustomer: stripe, anchorDay: anchor };
  return customer as NewCustomer;
}

function checkBudget(field: string, dollars: Value, until: Value): void {
  amountOf(field, String(dollars ?? ""));
  dayAfter("until", String(until ?? ""));
}

const hoursOf = (text: Value) => (text === undefined ? undefined : Number(text));

/** `tollgate customers ...` */
export const customerCommands: LedgerCommand<unknown>[] = [
  defineLedgerCommand({
    usage: "add <customer-id>",
    about: "add a customer and print its key, which is shown this once",
    options: [
      new Option("--tier <tier>", `one of ${TIERS}`).makeOptionMandatory(),
      new Option("--name <name>", "its name (default: the id)"),
      new Option("--project <id>", "its Google Cloud project"),
      new Option("--stripe <id>", "its id at Stripe, for exports"),
      new Option(
        "--anchor <day>",
        "day of the month, 1 to 31, on which its budget months begin (default: 1)",
      ),
    ],
    changes: true,
    check: ([customerId], options) => checked(customerFields, newCustomer(customerId!, options)),
    run: async (ledger, [customerId], options, by) => {
      const added = await addCustomer(ledger, newCustomer(customerId!, options), by);
      return { ...added.customer, key: added.key };
    },
    text: ({ customerId, tier, key }) =>
      `Added ${customerId} on ${tier}. Its key, which is stored nowhere and not shown again:\n${key}`,
  }),
  defineLedgerCommand({
    usage: "import <file.csv>",
    about:
      "add and change customers from CSV (customer_id, tier, and optionally name, gcp_project, stripe_customer, anchor_day); says what it would do",
    options: [new Option("--apply", "do it, in one transaction; prints the new customers' keys")],
    changes: true,
    check: ([file]) => readCustomers(readTextFile(file!)),
    run: async (ledger, [file], { apply }, by) => ({
      applied: apply === true,
      steps: await importCustomers(ledger, readTextFile(file!), apply === true, by),
    }),
    text: ({ applied, steps }) =>
      `${importTable(steps)}\n${applied ? "Done." : "Nothing has changed: this was a dry run. Run it with --apply."}`,
  }),
  defineLedgerCommand({
    usage: "list",
    about: "list every customer",
    run: (ledger) => listCustomers(ledger),
    text: customerTable,
  }),
  defineLedgerCommand({
    usage: "show <customer-id>",
    about: "show a customer with its keys and the usage of its budget month",
    run: async (ledger, [customerId]) => ({
      ...(await findCustomer(ledger, customerId!)),
      keys: await listKeys(ledger, customerId!),
      override: await overrideOf(ledger, customerId!),
      grants: await grantsOf(ledger, customerId!),
      usage: await usageOf(ledger, customerId!),
    }),
    text: ({ usage, keys, override, grants, ...customer }) =>
      [customerTable([customer]), usageTable([usage]), keyTable(keys), budgetText(override, grants)]
        .filter(Boolean)
        .join("\n"),
  }),
  fieldCommand("rename", "name", "name", "change a customer's name; its id stays"),
  fieldCommand(
    "project",
    "gcpProject",
    "project-id",
    "change a customer's Google Cloud project; `none` removes it",
  ),
  fieldCommand("tier", "tier", "tier", `put a customer on another tier (${TIERS})`),
  fieldCommand(
    "stripe",
    "stripeCustomer",
    "stripe-id",
    "change a customer's id at Stripe; `none` removes it",
  ),
  defineLedgerCommand({
    usage: "anchor <customer-id> <day>",
    about:
      "begin a customer's budget months on a day from 1 to 31 (UTC; the last day of a shorter month); the running one ends as it would have",
    changes: true,
    check: ([, day]) => checkedField("anchorDay", day!),
    run: (ledger, [customerId, day], _, by) => changeCustomer(ledger, customerId!, "anchorDay", day!, by),
    text: ({ customerId, anchorDay, anchorFrom }) =>
      anchorFrom === null
        ? `${customerId}: budget months begin on day ${anchorDay}.`
        : `${customerId}: budget months begin on day ${anchorDay}, from ${anchorFrom} (UTC) on, when the running one ends. The first may be shorter, with its days' share of the budget.`,
  }),
  defineLedgerCommand({
    usage: "override <customer-id> [dollars]",
    about: "set a customer's own monthly budget until a day; --end returns to the tier's",
    options: [
      new Option("--until <day>", "the last day, such as 2027-03-31, UTC"),
      new Option("--end", "end it now"),
    ],
    changes: "with a reason",
    check: ([, dollars], { until, end }) => end === true || checkBudget("budget", dollars, until),
    run: (ledger, [customerId, dollars], { until, end }, by) =>
      end === true
        ? endOverride(ledger, customerId!, by).then((ended) => ({ ...ended, ended: true }))
        : setOverride(ledger, customerId!, dollars ?? "", String(until ?? ""), by).then((set) => ({
            ...set,
            ended: false,
          })),
    text: ({ customerId, budgetNanos, endsAt, ended }) =>
      ended
        ? `${customerId} has the budget of its tier again.`
        : `${customerId} has ${formatUsd(budgetNanos)} a month until ${endsAt.slice(0, 16)} UTC.`,
  }),
  defineLedgerCommand({
    usage: "grant <customer-id> <dollars>",
    about: "grant a customer extra money, once; it is used when a month's budget is used up",
    options: [new Option("--until <day>", "the last day, such as 2027-03-31, UTC").makeOptionMandatory()],
    changes: "with a reason",
    check: ([, dollars], { until }) => checkBudget("amount", dollars, until),
    run: (ledger, [customerId, dollars], { until }, by) =>
      addGrant(ledger, customerId!, dollars!, String(until), by),
    text: ({ customerId, amountNanos, expiresAt, grantId }) =>
      `${customerId} has ${formatUsd(amountNanos)} in addition to its budget until ${expiresAt.slice(0, 16)} UTC (grant ${grantId}).`,
  }),
  defineLedgerCommand({
    usage: "disable <customer-id>",
    about: "refuse a customer's calls from now on; its data stay",
    changes: "with a reason",
    run: (ledger, [customerId], _, by) => setDisabled(ledger, customerId!, true, by),
    text: ({ customerId }) => `${customerId} is disabled.`,
  }),
  defineLedgerCommand({
    usage: "enable <customer-id>",
    about: "let a disabled customer in again",
    changes: true,
    run: (ledger, [customerId], _, by) => setDisabled(ledger, customerId!, false, by),
    text: ({ customerId }) => `${customerId} is enabled.`,
  }),
  defineLedgerCommand({
    usage: "delete <customer-id>",
    about: "anonymise a disabled customer for good, and say what is left in traces, archives and logs",
    changes: "with a reason",
    run: (ledger, [customerId], _, by) => deleteCustomer(ledger, customerId!, by),
    text: deletedText,
  }),
  defineLedgerCommand({
    usage: "usage [customer-id]",
    about: "what is spent, held and left of the budget months, and what they are expected to cost",
    run: async (ledger, [customerId]): Promise<Outlook> =>
      customerId === undefined
        ? readOutlook(ledger)
        : { customers: [await usageOf(ledger, customerId)], totals: [] },
    text: ({ customers, totals }) =>
      [usageTable(customers), ...(totals.length > 0 ? [totalsTable(totals)] : [])].join("\n"),
  }),
];

/** `tollgate customers key ...` */
export const keyCommands: LedgerCommand<unknown>[] = [
  defineLedgerCommand({
    usage: "add <customer-id>",
    about: "add a key for a customer and print it, once; its other keys stay valid unless --overlap is set",
    options: [new Option("--overlap <hours>", "end its other keys after so many hours; 0: at once")],
    changes: true,
    check: (_, { overlap }) => checkOverlap(hoursOf(overlap)),
    run: (ledger, [customerId], { overlap }, by) => addKey(ledger, customerId!, hoursOf(overlap), by),
    text: ({ customerId, key }) => `The new key of ${customerId}:\n${key}`,
  }),
  defineLedgerCommand({
    usage: "list <customer-id>",
    about: "list a customer's keys",
    run: (ledger, [customerId]) => listKeys(ledger, customerId!),
    text: keyTable,
  }),
  defineLedgerCommand({
    usage: "revoke <customer-id> <key-id>",
    about: "end a key now",
    changes: true,
    run: (ledger, [customerId, keyId], _, by) => revokeKey(ledger, customerId!, keyId!, by),
    text: ({ customerId, keyId }) => `Key ${keyId} of ${customerId} is revoked.`,
  }),
];
