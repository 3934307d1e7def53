import { Command, InvalidArgumentError, Option } from "commander";
import { endOnUncaught } from "../../app/telemetry/uncaught";
import { STACKS } from "../../infra/plan/stack-file";
import { pc } from "./colours";

/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** Wrong usage: an unknown option, a missing or an invalid value. */
  usage: 2,
  /** The command did its work and found something: drift, a stale file, a policy violation, a passed ceiling. */
  finding: 3,
} as const;

/** An argument that a command cannot use. The message names the option, its value and the remedy; the exit code is 2. */
export class UsageError extends Error {}

/** A command of `tollgate` with the common behaviour: help after an error, exit code 2 for wrong usage. */
export function tollgateCommand(name: string, description: string): Command {
  return new Command(`tollgate ${name}`)
    .description(description)
    .showHelpAfterError()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
}

/** The option `--stack`, required. */
export function stackOption(description = "the stack"): Option {
  return new Option("--stack <name>", description).choices([...STACKS]).makeOptionMandatory();
}

/** The option `--json` of a command whose output a script may read. */
export function jsonOption(description = "print JSON"): Option {
  return new Option("--json", description);
}

/** Reads an option's value as a whole number; commander names the option and the value where it is not one. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`use a whole number from ${least} to ${most}`);
  };
}

/** Prints why a command failed, and sets the exit code. */
export function report(error: unknown): void {
  console.error(pc.red(error instanceof Error && error.message ? error.message : String(error)));
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** Ends the process in silence when nobody reads its output any more, as in `tollgate export ... | head`. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") report(error);
    process.exit();
  });
}

let elsewhere: (() => Promise<number>) | undefined;

/**
 * From now on a command only checks its arguments here.
 *
 * @param work What takes the place of its action, and returns the exit code.
 */
export function actElsewhere(work: () => Promise<number>): void {
  elsewhere = work;
}

function withoutAction(command: Command, work: () => Promise<number>): void {
  for (const each of command.commands) withoutAction(each, work);
  if (command.commands.length === 0) command.action(async () => void (process.exitCode = await work()));
}

/**
 * Parses the arguments, runs the command's action and ends the process: with `process.exitCode` where the action set it,
 * with 1 and the message where it failed. An error that nothing catches is reported in the same way.
 */
export function runCommand(command: Command): void {
  endWithReader();
  endOnUncaught(report);
  if (elsewhere) withoutAction(command, elsewhere);
  command
    .parseAsync()
    .catch(report)
    // A client library may leave a timer behind, so the process does not wait for the event loop to drain.
    .finally(() => process.stdout.write("", () => process.exit()));
}
