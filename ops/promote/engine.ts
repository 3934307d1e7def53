import { explainPulumi, selectStack } from "../pulumi-stack";
import type { Engine } from "./rollout";

/** `pulumi up` over the Automation API, with the policy pack. */
export class PulumiEngine implements Engine {
  constructor(
    private readonly stack: string,
    private readonly root: string,
    private readonly say: (line: string) => void,
    private readonly envVars?: Record<string, string>,
  ) {}

  async up(): Promise<void> {
    const stack = await selectStack(this.stack, this.root, this.envVars);
    const up = () =>
      stack.up({
        // The traffic was moved past the engine: it has to see where it is, and to keep the note of who promotes.
        refresh: true,
        policyPacks: [`${this.root}/policies`],
        onOutput: (text) => {
          for (const line of text.split("\n")) if (line.trim()) this.say(`  ${line}`);
        },
      });
    await explainPulumi(this.stack, up);
  }
}
