import * as pulumi from "@pulumi/pulumi";
import type { Phase, Unit } from "../catalogue";
import { stackHas } from "../infra/gcp/services-of-stack";

/**
 * A setting of the stack, such as `gcp:project`; undefined where it is not set. The engine hands a stack's configuration to a policy
 * pack as it does to the program; a plan sets it in this process.
 */
export function stackSetting(key: string): string | undefined {
  const [namespace = "", name = ""] = key.split(":");
  return new pulumi.Config(namespace).get(name);
}

/** A setting of the stack that is a list; none where it is not set, or not a list. */
export function stackList(key: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(stackSetting(key) ?? "");
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** The stack's phase, and whether it has a unit of the catalogue; none for a pack that is asked without a stack. */
export function stackUnits(): { phase: Phase; has: (unit: Unit) => boolean } | undefined {
  const phase = Number(stackSetting("tollgate:phase") ?? 0) as Phase;
  if (!phase) return undefined;
  return {
    phase,
    has: (unit) => stackHas(unit, { phase, tempo: stackSetting("tollgate:tempo") === "true" }),
  };
}
