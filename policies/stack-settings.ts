import * as pulumi from "@pulumi/pulumi";

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
