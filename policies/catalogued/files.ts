import { contentHash } from "../../components/config-files";
import { filesOf } from "../deployed/files";
import type { Rule } from "../rule";

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
