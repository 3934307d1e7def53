/** `tollgate --stack STACK COMMAND ...`: runs a command in a job of that stack and prints what it answers. */
import { EXIT, UsageError } from "../terminal/command";
import { STACKS } from "../../infra/plan/stack-file";
import { pc } from "../terminal/colours";
import { carriedArguments } from "../terminal/text-file";
import { placeOf, runInStack, type RemoteCommand } from "./run";

async function main([stack, job, program, ...args]: string[]): Promise<number> {
  if (!stack || !STACKS.includes(stack))
    throw new UsageError(`--stack "${stack ?? ""}" must be one of ${STACKS.join(", ")}`);
  const command = { job, program, args: carriedArguments(args) } as RemoteCommand;
  const { stdout, stderr, exitCode } = await runInStack(command, placeOf(stack));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return exitCode;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(pc.red(error.message));
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
  },
);
