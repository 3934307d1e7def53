import { ConfigFiles } from "../../components/config-files";
import type { ConfigFolder } from "../../catalogue";
import { sidecarConfig } from "../config-files/collectors";
import { configFilesOf } from "./config-files";
import type { Foundation } from "./foundation";

/** The folders of configuration files in the bucket, each made once however many read it. */
export type ContentFolders = (folder: ConfigFolder | "collector") => ConfigFiles;

export function contentFolders({ config, configBucket }: Foundation): ContentFolders {
  const made = new Map<string, ConfigFiles>();
  return (folder) => {
    const known = made.get(folder);
    if (known) return known;
    const files = folder === "collector" ? sidecarConfig() : configFilesOf(folder, config);
    const created = new ConfigFiles(folder, { bucket: configBucket.name, files });
    made.set(folder, created);
    return created;
  };
}
