/**
 * `tollgate --stack STACK COMMAND ...`: lets the command check its arguments here, runs it in a job of that stack, and prints what it
 * answers.
 */
import { join } from "node:path";
import { actElsewhere, report, UsageError } from "../terminal/command";
import { interruption } from "../terminal/interruption";
import { STACKS } from "../../infra/plan/stack-file";
import { carriedArguments } from "../terminal/text-file";
import { repository } from "../workspace/paths";
import { placeOf, runInStack, type RemoteCommand } from "./run";

async function main([stack, job, program, entry, ...args]: string[]): Promise<void> {
  if (!stack || !STACKS.includes(stack))
    throw new UsageError(`--stack "${stack ?? ""}" must be one of ${STACKS.join(", ")}`);
  // The job's machine is gone when it has answered.
  if (program === "export" && args.some((argument) => /^--out(=|$)/.test(argument)))
    throw new UsageError("--out must not be used with --stack: redirect the output, > FILE");
  actElsewhere(async () => {
    const command = { job, program, args: carriedArguments(args) } as RemoteCommand;
    const { stdout, stderr, exitCode } = await runInStack(command, placeOf(stack), undefined, interruption());
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return exitCode;
  });
  process.argv.splice(2, Infinity, ...args);
  await import(join(repository, entry!));
}

main(process.argv.slice(2)).catch(report);
