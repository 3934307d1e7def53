import { LocalWorkspace } from "@pulumi/pulumi/automation";
import type { Engine } from "./rollout";

/**
 * `pulumi up` over the Automation API, with the policy pack. It needs the Pulumi CLI on the PATH, signed in to the state's
 * backend, as `pulumi up` by hand does.
 */
export class PulumiEngine implements Engine {
  constructor(
    private readonly stack: string,
    private readonly root: string,
    private readonly say: (line: string) => void,
  ) {}

  async up(): Promise<void> {
    const stack = await LocalWorkspace.selectStack({ stackName: this.stack, workDir: this.root });
    await stack.up({
      // The traffic was moved past the engine: it has to see where it is, and to keep the note of who promotes.
      refresh: true,
      policyPacks: [`${this.root}/policies`],
      onOutput: (text) => {
        for (const line of text.split("\n")) if (line.trim()) this.say(`  ${line}`);
      },
    });
  }
}
