import { definitions } from "../../litellm-config";
import { guardConfig, type GuardConfig } from "../../litellm-config/render/guard";
import type { Resource } from "../../policies/evaluate";

/** The guard's configuration as a stack deploys it, with one change. */
export function deployed(change: (guard: GuardConfig) => void = () => {}): Resource[] {
  const guard = structuredClone(guardConfig(definitions));
  change(guard);
  return [file("guard.json", JSON.stringify(guard))];
}

/** A file of the gateway's configuration in its bucket. */
export function file(name: string, content: string): Resource {
  const path = `gateway/0123456789ab/${name}`;
  return { type: "gcp:storage/bucketObject:BucketObject", name: path, props: { name: path, content } };
}
