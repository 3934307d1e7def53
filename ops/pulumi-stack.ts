import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";

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
  try {
    return await LocalWorkspace.selectStack({ stackName, workDir }, { envVars });
  } catch (error) {
    if (!(error as Error).message.includes("ENOENT")) throw error;
    throw new Error(
      "There is no `pulumi` on the PATH: install Pulumi 3.248 (https://www.pulumi.com/docs/install/)",
      {
        cause: error,
      },
    );
  }
}
