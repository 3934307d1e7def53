import * as pulumi from "@pulumi/pulumi";
import { BucketObject } from "@pulumi/gcp/storage/bucketObject";
import { contentHash } from "../../components/config-files";
import { ConfigError, readConfig, type StackConfig } from "../../infra/config";
import { filesOfFolder, isContentFolder } from "../../infra/gcp/content-folders";
import { filesOf } from "../deployed/files";
import { isMissing } from "../known";
import { allOf, type Rule } from "../rule";
import { stackSetting } from "../stack-settings";

/** An object of `ConfigFiles`: the folder's name, the hash of its files, and the file's path in it. */
const ADDRESSED = /^([a-z-]+\/[0-9a-f]{12})\/(.+)$/;

export const configurationAddressed: Rule = {
  name: "configuration-addressed",
  description:
    "A folder of configuration is named by the hash of its files: what changes is a new folder, and a revision that runs keeps the old one.",
  severity: "critical",
  remedy: "Deploy the files with ConfigFiles of components/config-files.ts",
  checkStack: (resources) => {
    const folders = new Map<string, Record<string, string | undefined>>();
    for (const { path, content } of filesOf(resources)) {
      const [, folder, file] = ADDRESSED.exec(path) ?? [];
      if (folder && file) folders.set(folder, { ...folders.get(folder), [file]: content });
    }
    return [...folders]
      .filter(([, files]) => Object.values(files).every((content) => content !== undefined))
      .filter(([folder, files]) => !folder.endsWith(`/${contentHash(files as Record<string, string>)}`))
      .map(([folder]) => `The files of ${folder} are not those that its name stands for`);
  },
};

export const configurationAsRendered: Rule = {
  name: "configuration-as-rendered",
  description:
    "Alert rules, routes of alerts, scrapes, pipelines, data sources and every other file in the bucket are what the program renders with the stack's settings.",
  severity: "critical",
  remedy:
    "Change what renders it (dashboards/, infra/config-files/, litellm-config/) and run `npm run render`",
  checkStack: (resources) => {
    // A pack that is asked without a stack knows no settings.
    if (stackSetting("tollgate:phase") === undefined) return [];
    const folders = new Map<string, Texts>();
    for (const { props, name } of allOf(resources, BucketObject)) {
      const path = props.name ?? name;
      const [, folder = "", file = path] = /^([^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
      const texts = folders.get(folder) ?? (new Map() as Texts);
      folders.set(folder, texts.set(file, isMissing(props, "content") ? null : props.content));
    }
    try {
      return [...folders].flatMap(([folder, found]) => differences(folder, found));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [`The files cannot be compared: ${error.message.split("\n").slice(0, 2).join("")}`];
    }
  },
};

/** Texts by path: null where the object has none of its own, undefined where only the update knows it. */
type Texts = Map<string, string | null | undefined>;

function differences(folder: string, found: Texts): string[] {
  const wanted = rendered(folder.split("/")[0]!);
  return [
    ...Object.keys(wanted)
      .filter((file) => !found.has(file))
      .map((file) => `${folder} lacks ${file}`),
    ...[...found]
      .filter(([file, content]) => content !== undefined && content !== wanted[file])
      .map(([file]) =>
        wanted[file] === undefined
          ? `${folder}/${file} is not a file of the program's`
          : `${folder}/${file} is not what the program renders`,
      ),
  ];
}

let made: { settings: string; config: StackConfig; folders: Map<string, Record<string, string>> } | undefined;

/** The files that the program renders for a folder, with the stack's settings; none for a folder that it does not make. */
export function rendered(name: string): Record<string, string> {
  const settings = JSON.stringify(pulumi.runtime.allConfig());
  if (made?.settings !== settings)
    made = { settings, config: readConfig({ planning: true }), folders: new Map() };
  const files = made.folders.get(name) ?? (isContentFolder(name) ? filesOfFolder(name, made.config) : {});
  made.folders.set(name, files);
  return files;
}
