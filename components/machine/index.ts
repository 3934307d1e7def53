import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { stringify } from "yaml";

/** A file that cloud-config writes. */
export interface WrittenFile {
  path: string;
  content: string;
  permissions: string;
}

export interface DataDisk {
  /** The device name under which Google Cloud attaches the disk. */
  deviceName: string;
  /** Where it is mounted. */
  folder: string;
}

const UNITS = "/etc/systemd/system";

/** What the units and scripts of a machine read: units name it as their `EnvironmentFile`. */
const MACHINE_ENVIRONMENT = "/etc/tollgate/machine.env";

/**
 * Native files of a component, where a machine has them.
 *
 * @param folder The component's folder, with a file of each path's name.
 */
export function nativeFiles(folder: string, paths: string[]): WrittenFile[] {
  return paths.map((path) => ({
    path,
    content: readFileSync(join(folder, basename(path)), "utf8"),
    permissions: path.endsWith(".sh") ? "0755" : "0644",
  }));
}

/** Unit files of a component. */
export function unitFiles(folder: string, names: string[]): WrittenFile[] {
  return nativeFiles(
    folder,
    names.map((name) => `${UNITS}/${name}`),
  );
}

/** An environment file for systemd and `docker run --env-file`: one variable a line, unquoted. */
export function environmentFile(path: string, values: Record<string, string>): WrittenFile {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  return { path, content: lines.join(""), permissions: "0644" };
}

/**
 * The cloud-config of a machine: mounts the data disk, brings a changed configuration to it while it runs (a minute later, by a
 * restart), and whatever the machine is for.
 *
 * @param environment What the machine's units and scripts read.
 * @param config The machine's files and start commands, in cloud-init's schema.
 */
export function machineConfig(
  disk: DataDisk,
  environment: Record<string, string>,
  config: { write_files: WrittenFile[]; runcmd: string[]; [option: string]: unknown },
): string {
  const write_files = [
    environmentFile(MACHINE_ENVIRONMENT, {
      DATA_DEVICE: disk.deviceName,
      DATA_FOLDER: disk.folder,
      ...environment,
    }),
    ...nativeFiles(__dirname, ["/etc/tollgate/data-disk.sh", "/etc/tollgate/update.sh"]),
    ...unitFiles(__dirname, ["tollgate-update.service", "tollgate-update.timer"]),
    ...config.write_files,
  ];
  const runcmd = ["systemctl daemon-reload", ...config.runcmd, "systemctl start tollgate-update.timer"];
  return `#cloud-config\n${stringify({ ...config, write_files, runcmd }, { lineWidth: 0 })}`;
}
