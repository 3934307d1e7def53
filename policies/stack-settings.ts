import * as pulumi from "@pulumi/pulumi";
import type { Phase, Unit } from "../catalogue";
import { ConfigError, readConfig, type StackConfig } from "../infra/config";
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

let read: { settings: string; config: StackConfig | undefined } | undefined;

/** What the stack's settings come down to; none for a pack that is asked without a stack, or with settings that cannot be used. */
export function stackConfig(): StackConfig | undefined {
  if (stackSetting("tollgate:phase") === undefined) return undefined;
  const settings = JSON.stringify(pulumi.runtime.allConfig());
  if (read?.settings === settings) return read.config;
  read = { settings, config: undefined };
  try {
    read.config = readConfig({ planning: true });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  return read.config;
}
