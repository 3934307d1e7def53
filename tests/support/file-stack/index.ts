/**
 * A small Pulumi program for a real engine without a cloud: a file is the resource, `notes.json` in the folder that the stack's
 * configuration names, and who edits that file makes drift.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";

interface Notes {
  path: string;
  owner: string;
  text: string;
}

const provider: pulumi.dynamic.ResourceProvider<Notes, Notes> = {
  create: (inputs) => {
    writeFileSync(inputs.path, JSON.stringify(inputs));
    return Promise.resolve({ id: inputs.path, outs: inputs });
  },
  read: (id) =>
    Promise.resolve(
      existsSync(id)
        ? { id, props: JSON.parse(readFileSync(id, "utf8")) as Notes }
        : { id: "", props: undefined },
    ),
  diff: (_id, olds, news) =>
    Promise.resolve({ changes: olds.owner !== news.owner || olds.text !== news.text }),
  update: (_id, _olds, news) => {
    writeFileSync(news.path, JSON.stringify(news));
    return Promise.resolve({ outs: news });
  },
  delete: (id) => {
    rmSync(id, { force: true });
    return Promise.resolve();
  },
};

class File extends pulumi.dynamic.Resource {
  constructor(name: string, props: Notes) {
    super(provider, name, props);
  }
}

const config = new pulumi.Config();
const path = `${config.require("folder")}/notes.json`;
new File("notes", { path, owner: config.get("owner") ?? "platform", text: "as the program says" });
new RandomId("suffix", { byteLength: config.getNumber("bytes") ?? 4 });
