import type { EngineEvent } from "@pulumi/pulumi/automation";
import { explainPulumi, selectStack } from "../pulumi-stack";

/**
 * `pulumi preview --refresh`: it reads every resource from the cloud and changes nothing, not even the state.
 *
 * @returns The engine's events.
 * @throws Error with what the engine says.
 */
export async function previewEvents(
  stackName: string,
  workDir: string,
  envVars?: Record<string, string>,
): Promise<EngineEvent[]> {
  const stack = await selectStack(stackName, workDir, envVars);
  const events: EngineEvent[] = [];
  await explainPulumi(stackName, () =>
    stack.preview({ refresh: true, onEvent: (event) => events.push(event) }),
  );
  return events;
}
