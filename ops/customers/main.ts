/** `tollgate customers`: customers of the ledger, their keys, tier, budget and usage. */
import { addLedgerCommands, LEDGER_HELP } from "../ledger/command";
import { runCommand, tollgateCommand } from "../terminal/command";
import { customerCommands, keyCommands } from "./commands";

const program = tollgateCommand(
  "customers",
  "Manage the ledger's customers: keys, tier, project, budget and its month, usage.",
).addHelpText("after", LEDGER_HELP);

addLedgerCommands(program, customerCommands);
addLedgerCommands(program.command("key").description("a customer's keys"), keyCommands);

runCommand(program);
