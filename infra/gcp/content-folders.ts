import { ConfigFiles } from "../../components/config-files";
import type { ConfigFolder } from "../../catalogue";
import { collectorFiles } from "../../dashboards/alloy";
import { nativeFiles } from "../config-files/native";
import type { StackConfig } from "../config";
import { configFilesOf } from "./config-files";
import type { StackBase } from "./base";

/** The folders of configuration files in the bucket, each made once however many read it. */
export type ContentFolders = (folder: ConfigFolder | "collector" | "router") => ConfigFiles;

function filesOf(folder: ConfigFolder | "collector" | "router", config: StackConfig): Record<string, string> {
  if (folder === "collector") return collectorFiles("sidecar");
  if (folder === "router") return nativeFiles("router/default.conf.template");
  return configFilesOf(folder, config);
}

export function contentFolders({ config, configBucket }: StackBase): ContentFolders {
  const made = new Map<string, ConfigFiles>();
  return (folder) => {
    const known = made.get(folder);
    if (known) return known;
    const files = filesOf(folder, config);
    const created = new ConfigFiles(folder, { bucket: configBucket.name, files });
    made.set(folder, created);
    return created;
  };
}
