import { join } from "node:path";
import type { ConfigFolder, ServiceName, Unit } from "../../catalogue";
import type { SecretValues } from "../../catalogue/secret-values";
import { paths } from "../../ops/workspace/paths";

/** This machine as a target: where a stack's services listen, write and find their files. */
export interface Machine {
  /** The folder of the services' data. */
  data: string;
  logFile: (name: string) => string;
  /** The port here of a port of the catalogue. */
  port: (catalogued: number) => number;
  /** Complete. */
  values: SecretValues;
  /** Writes a folder of configuration files that differs from the rendered one, and returns its path. */
  folders?: Partial<Record<ConfigFolder, () => string>>;
  /** What some services are started with in addition to the catalogue; called at each start. */
  extra?: Partial<Record<ServiceName, () => Extra>>;
}

export interface Extra {
  env?: Record<string, string | undefined>;
  args?: string[];
}

/** The folder of configuration files of this machine. */
export function folderOf(folder: ConfigFolder, { folders }: Machine): string {
  return folders?.[folder]?.() ?? join(paths.generated, folder);
}

/** Where a path of a unit's container is on this machine: a folder of configuration, a volume, or its own folder. */
export function pathOf(path: string, unit: Unit, machine: Machine): string {
  const inside = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  for (const [mount, folder] of Object.entries(unit.configFiles ?? {})) {
    if (inside(mount)) return join(folderOf(folder, machine), path.slice(mount.length));
  }
  const volume = "volumes" in unit ? unit.volumes?.find(({ mountPath }) => inside(mountPath)) : undefined;
  return volume
    ? join(machine.data, volume.name, path.slice(volume.mountPath.length))
    : join(machine.data, unit.name);
}
