/** `tollgate --stack STACK COMMAND ...`: runs a command in a job of that stack and prints what it answers. */
import { endWithReader, report, UsageError } from "../terminal/command";
import { interruption } from "../terminal/interruption";
import { STACKS } from "../../infra/plan/stack-file";
import { carriedArguments } from "../terminal/text-file";
import { placeOf, runInStack, type RemoteCommand } from "./run";

async function main([stack, job, program, ...args]: string[]): Promise<number> {
  if (!stack || !STACKS.includes(stack))
    throw new UsageError(`--stack "${stack ?? ""}" must be one of ${STACKS.join(", ")}`);
  // The job's machine is gone when it has answered.
  if (program === "export" && args.some((argument) => /^--out(=|$)/.test(argument)))
    throw new UsageError("--out must not be used with --stack: redirect the output, > FILE");
  const command = { job, program, args: carriedArguments(args) } as RemoteCommand;
  const { stdout, stderr, exitCode } = await runInStack(command, placeOf(stack), undefined, interruption());
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return exitCode;
}

endWithReader();
main(process.argv.slice(2)).then((code) => (process.exitCode = code), report);
