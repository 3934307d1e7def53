import type { Mount } from "./schema";

/** A file or folder next to `compose.yaml`; a missing one is an error, not an empty folder made by Docker. */
export function bindMount(source: string, target: string): Mount {
  return { type: "bind", source, target, read_only: true, bind: { create_host_path: false } };
}

export function volumeMount(source: string, target: string): Mount {
  return { type: "volume", source, target };
}
