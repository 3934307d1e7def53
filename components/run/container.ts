import type * as pulumi from "@pulumi/pulumi";
import type { MountedFolder } from "../config-files";
import type { PinnedSecret } from "../secret";

/** What a container of a service or a job reads. */
export interface ContainerInputs {
  /** Plain environment variables. */
  env?: Record<string, pulumi.Input<string>>;
  /** Environment variables from Secret Manager, each pinned to a version. */
  secretEnv?: Record<string, PinnedSecret>;
  /** Folders of configuration files, by where they are mounted. */
  files?: Record<string, MountedFolder>;
  /** Buckets that it writes to, by where they are mounted. */
  buckets?: Record<string, pulumi.Input<string>>;
  /** Secrets as files, by the file's path. Each needs its own directory. */
  secretFiles?: Record<string, PinnedSecret>;
}

/** A container's readiness and liveness probes (default: no liveness probe), and the seconds that its program may take to start. */
export interface ContainerProbe {
  path: string;
  livePath?: string;
  startupSeconds: number;
  port: number;
}

/** A container of an instance that may have several. */
export interface ContainerArgs extends ContainerInputs {
  /** Unique in the instance. */
  name: string;
  /** By digest. */
  image: pulumi.Input<string>;
  command?: pulumi.Input<string>[];
  args?: pulumi.Input<string>[];
  /** vCPU: from 0.08 to 1, or a whole number. */
  cpu: number;
  memoryMiB: number;
  /** Default: it is ready once it runs, and nothing waits for it. */
  probe?: ContainerProbe;
  /** Names of the containers that must be ready first. Each has a probe. */
  after?: string[];
}

/** Settings that all containers of a revision share: a sidecar that differed would be refused, or always show as drift. */
export interface RevisionCpu {
  cpuIdle: boolean;
  startupCpuBoost: boolean;
}

interface Env {
  name: string;
  value?: pulumi.Input<string>;
  valueSource?: { secretKeyRef: { secret: pulumi.Input<string>; version: pulumi.Input<string> } };
}

/** Environment variables sorted by name: a changed order would be a new revision. */
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

/**
 * The user that images of the Prometheus project run as; a mount is root's otherwise:
 * https://cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts
 */
const OWNED_BY_NOBODY = ["uid=65534", "gid=65534", "implicit-dirs"];

/**
 * The volumes of a container and where it mounts them.
 *
 * @param owner Whose they are, where an instance has several containers: its volumes have one list.
 */
export function volumes({ files = {}, buckets = {}, secretFiles = {} }: ContainerInputs, owner?: string) {
  const nameOf = (path: string) => (owner ? `${owner}-${volumeName(path)}` : volumeName(path));
  const folders = Object.entries(files).map(([path, { bucket, folder }]) => ({
    mountPath: path,
    volume: {
      name: nameOf(path),
      // `implicit-dirs`: objects have no directories.
      gcs: { bucket, readOnly: true, mountOptions: [`only-dir=${folder}`, "implicit-dirs"] },
    },
  }));
  const written = Object.entries(buckets).map(([path, bucket]) => ({
    mountPath: path,
    volume: { name: nameOf(path), gcs: { bucket, readOnly: false, mountOptions: OWNED_BY_NOBODY } },
  }));
  const secrets = Object.entries(secretFiles).map(([path, { id, version }]) => {
    const { directory, file } = split(path);
    return {
      mountPath: directory,
      volume: {
        name: nameOf(directory),
        secret: { secret: id, defaultMode: 0o444, items: [{ path: file, version, mode: 0o444 }] },
      },
    };
  });
  const all = [...folders, ...written, ...secrets];
  return {
    volumes: all.map(({ volume }) => volume),
    volumeMounts: all.map(({ mountPath, volume }) => ({ name: volume.name, mountPath })),
  };
}

/** Seconds that direct VPC egress may delay a start: https://cloud.google.com/run/docs/configuring/vpc-direct-vpc */
const VPC_START_SECONDS = 60;
const PROBE_PERIOD_SECONDS = 5;

/** A container's probes, in the template's format. */
export function probes({ path, livePath, startupSeconds, port }: ContainerProbe) {
  return {
    startupProbe: {
      httpGet: { path, port },
      periodSeconds: PROBE_PERIOD_SECONDS,
      timeoutSeconds: PROBE_PERIOD_SECONDS,
      failureThreshold: Math.ceil((startupSeconds + VPC_START_SECONDS) / PROBE_PERIOD_SECONDS),
    },
    ...(livePath
      ? {
          livenessProbe: {
            httpGet: { path: livePath, port },
            periodSeconds: 30,
            timeoutSeconds: 5,
            failureThreshold: 4,
          },
        }
      : {}),
  };
}

/**
 * One of several containers, and its volumes.
 *
 * @param billing None in a worker pool, whose CPU is always there.
 */
export function besideOthers(args: ContainerArgs, billing?: RevisionCpu) {
  const own = volumes(args, args.name);
  return {
    volumes: own.volumes,
    container: {
      name: args.name,
      image: args.image,
      ...(args.command ? { commands: args.command } : {}),
      ...(args.args ? { args: args.args } : {}),
      ...(args.after?.length ? { dependsOns: args.after } : {}),
      envs: envs(args),
      resources: { limits: limits(args.memoryMiB, args.cpu), ...billing },
      ...(args.probe ? probes(args.probe) : {}),
      volumeMounts: own.volumeMounts,
    },
  };
}

/** CPU and memory as the API answers them ("1" and "100m", not "1000m" and "0.1"), or every preview would show a change. */
export function limits(memoryMiB: number, cpu: number): { cpu: string; memory: string } {
  return {
    cpu: Number.isInteger(cpu) ? String(cpu) : `${Math.round(cpu * 1000)}m`,
    memory: `${memoryMiB}Mi`,
  };
}
