import { isDeepStrictEqual as same } from "node:util";
import type { EngineEvent, OpType, StepEventMetadata } from "@pulumi/pulumi/automation";

/** How the cloud differs from the program, seen from the cloud. */
export type Difference = "changed" | "missing" | "not in the program";

export interface Drifted {
  difference: Difference;
  /** As `gcp:cloudrunv2/service:Service`. */
  type: string;
  name: string;
  /** Paths of the properties that differ; never their values, which may be secret. */
  properties: string[];
}

/** What an update would do about each kind of difference. The steps that follow from a replacement say nothing new. */
const DIFFERENCES: Partial<Record<OpType, Difference>> = {
  update: "changed",
  replace: "changed",
  create: "missing",
  import: "missing",
  delete: "not in the program",
};

/**
 * The drift that the engine found: which resources an update would change, after it looked at what really exists.
 *
 * @param events Of a preview with a refresh.
 */
export function driftedIn(events: EngineEvent[]): Drifted[] {
  const steps = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  return steps
    .flatMap((step) => {
      const difference = DIFFERENCES[step.op];
      // A provider is of the program alone.
      if (!difference || step.type.startsWith("pulumi:providers:")) return [];
      const properties = difference === "changed" ? changedIn(step) : [];
      return [{ difference, type: step.type, name: nameOf(step.urn), properties }];
    })
    .sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
}

/** The differences that the provider lists, or those found by comparison when it lists none. */
function changedIn({ detailedDiff, diffs, old, new: wanted }: StepEventMetadata): string[] {
  const said = Object.keys(detailedDiff ?? {});
  if (said.length > 0) return said;
  if (diffs && diffs.length > 0) return diffs;
  const inputs = wanted?.inputs ?? {};
  return Object.keys(inputs).filter((key) => !key.startsWith("__") && !same(inputs[key], old?.outputs[key]));
}

/** The name in `urn:pulumi:prod::tollgate::gcp:storage/bucket:Bucket::config`. */
function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
