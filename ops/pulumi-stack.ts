import {
  CommandError,
  ConcurrentUpdateError,
  LocalWorkspace,
  StackNotFoundError,
  type Stack,
} from "@pulumi/pulumi/automation";

/**
 * A stack of the project in a folder, over the Automation API. It needs the Pulumi CLI on the PATH, signed in to the state's
 * backend.
 *
 * @param envVars For the CLI, over those of this process.
 * @throws Error when there is no Pulumi CLI, or no such stack.
 */
export async function selectStack(
  stackName: string,
  workDir: string,
  envVars: Record<string, string> = {},
): Promise<Stack> {
  return explainPulumi(stackName, () => LocalWorkspace.selectStack({ stackName, workDir }, { envVars }));
}

/**
 * Runs something of the Automation API.
 *
 * @throws Error that says in a few lines what Pulumi said, and the remedy for what is usual.
 */
export async function explainPulumi<T>(stack: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(reasonOf(error, stack), { cause: error });
  }
}

function reasonOf(error: unknown, stack: string): string {
  const { message } = error as Error;
  if (message.includes("ENOENT"))
    return "There is no `pulumi` on the PATH: install Pulumi 3.248 (https://www.pulumi.com/docs/install/)";
  if (error instanceof SyntaxError)
    return `Pulumi does not answer in JSON (${message}): install Pulumi 3.248`;
  if (error instanceof StackNotFoundError)
    return `There is no stack "${stack}" in the state's backend: \`pulumi login\` to the right one, or \`pulumi stack init ${stack}\` (docs/bootstrap.md)`;
  if (error instanceof ConcurrentUpdateError)
    return `Another update has the stack ${stack}: wait for it; \`pulumi cancel --stack ${stack}\` when it is no longer running`;
  return error instanceof CommandError ? `Pulumi failed: ${saidIn(message)}` : message;
}

/** Each mandatory violation of a policy pack, with the lines that follow it in its block. */
function violationsIn(lines: string[]): string[] {
  const found = lines.flatMap((line, at) => {
    if (!line.includes("[mandatory]")) return [];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((each) => each === "" || /^(- )?\[|^\w+:$/.test(each));
    return [[line, ...(end < 0 ? rest : rest.slice(0, end))].join(" ")];
  });
  return [...new Set(found)];
}

/** Lines of the CLI's output that say what is wrong; the error repeats all of it three times. */
function saidIn(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  const errors = [...new Set(lines.filter((line) => /^error: /.test(line)))];
  if (errors.length > 0) return errors.map((line) => line.replace(/^error: /, "")).join("\n  ");
  const violations = violationsIn(lines);
  if (violations.length > 0) return `the policy pack refuses it:\n  ${violations.join("\n  ")}`;
  const [first = "no reason given"] = lines
    .flatMap((line) => line.replace(/^(code|stdout|stderr|err\?):/, "").trim() || [])
    .slice(1);
  return first;
}
