import { gunzipSync } from "node:zlib";
import type { PolicyResource } from "@pulumi/policy";
import { Instance } from "@pulumi/gcp/compute/instance";
import { InstanceTemplate } from "@pulumi/gcp/compute/instanceTemplate";
import { BucketObject } from "@pulumi/gcp/storage/bucketObject";
import { isMissing, type Known, type Props } from "../known";
import { allOf, ofType, type Check, type Judged } from "../rule";
import { parseYaml } from "./yaml";

/** A file that a stack deploys: an object of a bucket, or what a machine's metadata writes to its disk. */
export interface DeployedFile {
  path: string;
  /** None when it cannot be read: the object names a local file in place of its text. */
  content?: string;
}

type ObjectProps = Known<ConstructorParameters<typeof BucketObject>[1]>;
type MachineProps = Known<ConstructorParameters<typeof Instance>[1]>;

/** The file that is an object of a bucket; none while its text is known only after the update. */
export function objectFile(props: ObjectProps, { name }: Pick<Judged, "name">): DeployedFile[] {
  if (props.content === undefined && !isMissing(props, "content")) return [];
  return [{ path: props.name ?? name, content: props.content }];
}

/** The texts of a machine's metadata, and the files that its cloud-config writes. */
export function machineFiles(props: MachineProps): DeployedFile[] {
  const before = read.get(props);
  if (before) return before;
  const files = readMachine(props);
  read.set(props, files);
  return files;
}

/** Many rules ask for the files of one machine. */
const read = new WeakMap<MachineProps, DeployedFile[]>();

function readMachine({ metadata, metadataStartupScript }: MachineProps): DeployedFile[] {
  const texts = { ...metadata, "startup-script": metadataStartupScript ?? metadata?.["startup-script"] };
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text !== "string"
      ? []
      : text.startsWith("#cloud-config")
        ? cloudConfigFiles(key, text)
        : [{ path: `metadata/${key}`, content: text }],
  );
}

/** Every file of a stack. */
export function filesOf(resources: PolicyResource[]): DeployedFile[] {
  return [
    ...allOf(resources, BucketObject).flatMap(({ props, name }) => objectFile(props, { name })),
    ...allOf(resources, Instance).flatMap(({ props }) => machineFiles(props)),
    ...allOf(resources, InstanceTemplate).flatMap(({ props }) => machineFiles(props as MachineProps)),
  ];
}

/** The checks of a rule on files, wherever a stack deploys them. */
export function onFiles(check: (file: DeployedFile, settings: Props) => string[]): Check[] {
  const judge = (files: DeployedFile[], settings: Props) =>
    files.flatMap((file) => readable(file, () => check(file, settings)));
  return [
    ofType(BucketObject, (props, resource, settings) => judge(objectFile(props, resource), settings)),
    ofType(Instance, (props, _, settings) => judge(machineFiles(props), settings)),
    ofType(InstanceTemplate, (props, _, settings) => judge(machineFiles(props as MachineProps), settings)),
  ];
}

/** Findings about a file. A file that cannot be parsed cannot be checked, which is a finding. */
export function readable({ path }: DeployedFile, judge: () => string[]): string[] {
  try {
    return judge();
  } catch (error) {
    return [`${path} cannot be checked: ${(error as Error).message.split("\n")[0]}`];
  }
}

interface Written {
  path?: string;
  content?: unknown;
  encoding?: string;
}

/** The files that a cloud-config writes, and the rest of it without them. */
function cloudConfigFiles(key: string, text: string): DeployedFile[] {
  const { write_files: written = [], ...rest } = (parsed(text) ?? {}) as { write_files?: Written[] };
  return [
    { path: `metadata/${key}`, content: JSON.stringify(rest, null, 1) },
    ...written.map(({ path = "unnamed", content, encoding }) => ({
      path,
      content: decoded(String(content ?? ""), encoding),
    })),
  ];
}

function parsed(text: string): unknown {
  try {
    return parseYaml(text.replace(/^#cloud-config\n/, ""));
  } catch {
    return { unreadable: text };
  }
}

/** https://cloudinit.readthedocs.io/en/latest/reference/modules.html#write-files */
function decoded(content: string, encoding = "text/plain"): string {
  if (!/b64|base64|gz/.test(encoding)) return content;
  try {
    const bytes = Buffer.from(content, "base64");
    return (/gz/.test(encoding) ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return content;
  }
}
