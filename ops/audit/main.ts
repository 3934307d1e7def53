/** `tollgate audit`: who changed what in the ledger, when and why. */
import { Option } from "commander";
import { readAudit } from "../ledger/audit";
import { addLedgerAction, LEDGER_HELP, limitOption } from "../ledger/command";
import { runCommand, tollgateCommand } from "../terminal/command";
import { table } from "../terminal/table";

const program = tollgateCommand(
  "audit",
  "Show who changed what in the ledger, when and why; the newest first.",
).addHelpText("after", LEDGER_HELP);

addLedgerAction<Awaited<ReturnType<typeof readAudit>>>(program, {
  options: [new Option("--customer <id>", "of one customer"), limitOption()],
  run: (ledger, _, options) =>
    readAudit(ledger, { customerId: options.customer as string | undefined, limit: Number(options.limit) }),
  text: (entries) =>
    table(
      ["when", "who", "what", "customer", "from", "to", "why"],
      entries.map(({ at, actor, action, customerId, before, after, reason }) => [
        `${at.slice(0, 19)}Z`,
        actor,
        action,
        customerId ?? "",
        values(before),
        values(after),
        reason ?? "",
      ]),
    ),
});

runCommand(program);

function values(fields: object | null): string {
  return Object.entries(fields ?? {})
    .map(([name, value]) => `${name}: ${value === null ? "none" : String(value)}`)
    .join("\n");
}
