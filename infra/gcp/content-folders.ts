import { ConfigFiles } from "../../components/config-files";
import { catalogue, jobs, type ConfigFolder } from "../../catalogue";
import { collectorFiles } from "../../dashboards/alloy";
import { mountedFolders } from "../compose";
import { nativeFiles } from "../config-files/native";
import type { StackConfig } from "../config";
import { composeFilesOf, configFilesOf } from "./config-files";
import type { StackBase } from "./base";

/** A folder of the configuration bucket: one that the catalogue names, or one that only Cloud Run or a machine reads. */
export type ContentFolder = ConfigFolder | "collector" | "router" | "machine";

const FOLDERS: string[] = [
  ...[...catalogue, ...jobs].flatMap(({ configFiles = {} }) => Object.values(configFiles)),
  ...["collector", "router", "machine"],
];

/** Whether the program may make a folder of this name. */
export function isContentFolder(name: string): name is ContentFolder {
  return FOLDERS.includes(name);
}

/** The folders of configuration files in the bucket, each made once however many read it. */
export type ContentFolders = (folder: ContentFolder) => ConfigFiles;

/** The files of a folder in the bucket, by their path in it. */
export function filesOfFolder(folder: ContentFolder, config: StackConfig): Record<string, string> {
  if (folder === "collector") return collectorFiles("sidecar");
  if (folder === "router") return nativeFiles("router/default.conf.template");
  return folder === "machine" ? machineFiles(config) : configFilesOf(folder, config);
}

/** The Compose file and all that it mounts: each folder of those is a folder of one folder. */
function machineFiles(config: StackConfig): Record<string, string> {
  return Object.fromEntries(
    (["compose", ...mountedFolders()] as const).flatMap((folder) =>
      Object.entries(composeFilesOf(folder, config)).map(([path, text]) => [`${folder}/${path}`, text]),
    ),
  );
}

export function contentFolders({ config, configBucket }: StackBase): ContentFolders {
  const made = new Map<string, ConfigFiles>();
  return (folder) => {
    const known = made.get(folder);
    if (known) return known;
    const files = filesOfFolder(folder, config);
    const created = new ConfigFiles(folder, { bucket: configBucket.name, files });
    made.set(folder, created);
    return created;
  };
}
