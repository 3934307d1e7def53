import type * as pulumi from "@pulumi/pulumi";
import type { MountedFolder } from "../config-files";
import type { PinnedSecret } from "../secret";

/** What a container of a service or a job reads, whatever it runs. */
export interface ContainerInputs {
  /** Plain environment variables. */
  env?: Record<string, pulumi.Input<string>>;
  /** Environment variables out of Secret Manager, each of an exact version. */
  secretEnv?: Record<string, PinnedSecret>;
  /** Folders of configuration files, by where they are mounted. */
  files?: Record<string, MountedFolder>;
  /** Secrets as files, by the file's path. Each needs a directory of its own. */
  secretFiles?: Record<string, PinnedSecret>;
}

interface Env {
  name: string;
  value?: pulumi.Input<string>;
  valueSource?: { secretKeyRef: { secret: pulumi.Input<string>; version: pulumi.Input<string> } };
}

/** Environment variables in the order of their names: the platform keeps an order, and a changed one is a new revision. */
export function envs({ env = {}, secretEnv = {} }: ContainerInputs): Env[] {
  return [
    ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretEnv).map(([name, { id, version }]) => ({
      name,
      valueSource: { secretKeyRef: { secret: id, version } },
    })),
  ].sort((a, b) => a.name.localeCompare(b.name));
}

/** A volume's name: lower case letters, digits and dashes. */
function volumeName(path: string): string {
  return path.replace(/^\//, "").replace(/[^a-z0-9]+/g, "-");
}

function split(path: string): { directory: string; file: string } {
  const at = path.lastIndexOf("/");
  return { directory: path.slice(0, at), file: path.slice(at + 1) };
}

/** The volumes of a container and where it mounts them. */
export function volumes({ files = {}, secretFiles = {} }: ContainerInputs) {
  const folders = Object.entries(files).map(([path, { bucket, folder }]) => ({
    mountPath: path,
    volume: {
      name: volumeName(path),
      // `implicit-dirs`: objects have no directories of their own.
      gcs: { bucket, readOnly: true, mountOptions: [`only-dir=${folder}`, "implicit-dirs"] },
    },
  }));
  const secrets = Object.entries(secretFiles).map(([path, { id, version }]) => {
    const { directory, file } = split(path);
    return {
      mountPath: directory,
      volume: {
        name: volumeName(directory),
        secret: { secret: id, defaultMode: 0o444, items: [{ path: file, version, mode: 0o444 }] },
      },
    };
  });
  const all = [...folders, ...secrets];
  return {
    volumes: all.map(({ volume }) => volume),
    volumeMounts: all.map(({ mountPath, volume }) => ({ name: volume.name, mountPath })),
  };
}

/**
 * CPU and memory of a container on Cloud Run for what it asks: less than one vCPU would forbid concurrency, always-on CPU
 * and mounted buckets, and the second generation needs 512 MiB.
 *
 * CPU is written as the API answers it ("1", not "1000m"), or every preview would show a change.
 */
export function limits(memoryMiB: number, cpu: number): { cpu: string; memory: string } {
  return { cpu: String(Math.max(1, Math.ceil(cpu))), memory: `${Math.max(512, memoryMiB)}Mi` };
}
