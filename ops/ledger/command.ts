import { Option, type Command } from "commander";
import type { ClientBase } from "pg";
import { jsonOption, wholeNumber } from "../terminal/command";
import { thisOperator, type Change } from "./audit";
import { withLedger } from "./connect";

/** Which ledger the commands work on, for the end of their help. */
export const LEDGER_HELP =
  "\nThe ledger is the running local stack's, or the one at TOLLGATE_LEDGER_URL (role ledger_admin).\n`tollgate --stack <name>` before customers, brake, audit, events, export, reconcile and variants asks that of a stack on Google Cloud.";

/** A command's options by name, in camel case. */
type Options = Record<string, string | boolean | undefined>;

/** The option `--limit` of a command that lists rows. */
export function limitOption(): Option {
  return new Option("--limit <rows>", "how many").argParser(wholeNumber(1, 999_999)).default(50);
}

/** One command on the ledger: how it is called, what it does, and what it prints. */
export interface LedgerCommand<Result> {
  /** With its arguments, such as `show <customer-id>`. */
  usage: string;
  about: string;
  options?: Option[];
  /** It changes something: it takes `--by` and `--reason`, which `with a reason` demands. */
  changes?: true | "with a reason";
  /** Refuses arguments that no ledger takes, before one is opened or a stack's job is started. */
  check?(args: string[], options: Options): unknown;
  run(ledger: ClientBase, args: string[], options: Options, by: Change): Promise<Result>;
  text(result: Result): string;
}

/** Types a command by its result; the list of commands holds them without. */
export function defineLedgerCommand<Result>(command: LedgerCommand<Result>): LedgerCommand<unknown> {
  return command as LedgerCommand<unknown>;
}

/** Adds commands to a program, each with `--json`. */
export function addLedgerCommands(program: Command, commands: LedgerCommand<unknown>[]): void {
  for (const command of commands) {
    addLedgerAction(program.command(command.usage).description(command.about), command);
  }
}

/** Makes a program do one thing on the ledger. */
export function addLedgerAction<Result>(
  program: Command,
  command: Omit<LedgerCommand<Result>, "usage" | "about">,
): void {
  const { options = [], changes, check, run, text } = command;
  for (const option of options) program.addOption(option);
  if (changes) {
    program.addOption(
      new Option("--reason <text>", "why, for the audit trail").makeOptionMandatory(changes !== true),
    );
    program.addOption(new Option("--by <who>", "who makes the change").default(thisOperator()));
  }
  if (check) program.hook("preAction", (_, { args }) => void check(args, program.opts()));
  program.addOption(jsonOption()).action(async () => {
    const given = program.opts<Options>();
    const by = { actor: String(given.by), reason: given.reason as string | undefined };
    const result = await withLedger((ledger) => run(ledger, program.args, given, by));
    console.log(given.json ? JSON.stringify(result, null, 2) : text(result));
  });
}
