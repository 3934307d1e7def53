import type { PolicyResource } from "@pulumi/policy";
import { jobs } from "../../catalogue";
import { onTemplates, templatesOf, type Template } from "../deployed/templates";
import { filesOf } from "../deployed/files";
import { isMissing, type Props } from "../known";
import type { Rule } from "../rule";
import { expectedOf, type Expected, type ExpectedMount } from "./expected";
import { bucketNamed, imageNamed, matches, type Pattern } from "./patterns";

/** What a container may set besides what the catalogue fixes: size, readiness and order. */
const FREE = [
  ...["name", "image", "commands", "args", "envs", "volumeMounts"],
  ...["ports", "resources", "startupProbe", "livenessProbe", "readinessProbe", "dependsOns"],
];

export const imagesOfCatalogue: Rule = {
  name: "images-of-catalogue",
  description:
    "A container on Cloud Run runs the image that the catalogue names, from the stack's own registries.",
  severity: "critical",
  remedy: "Run the image that catalogue/ names; CI pushes own images to tollgate:imageRegistry",
  checks: onTemplates(({ workload, containers = [] }) =>
    containers.flatMap(({ name = workload.replace(/^tollgate-/, ""), image }: Props) => {
      const expected = expectedOf(workload, name);
      // By tag: the rule on digests reports it.
      if (!expected || image === undefined || !image.includes("@")) return [];
      return matches(imageNamed(expected.image), image)
        ? []
        : [`Container ${name} of ${workload} runs ${image}`];
    }),
  ),
};

export const asCatalogued: Rule = {
  name: "workloads-as-catalogued",
  description:
    "A workload on Cloud Run has the containers, the commands, the variables and the files of the catalogue.",
  severity: "critical",
  remedy: "Describe it in catalogue/ and start it from there",
  checks: onTemplates(({ workload, containers = [], volumes = [], service }) => [
    ...(service.buildConfig
      ? [`${workload} has a buildConfig: its image would be built from elsewhere`]
      : []),
    ...(runsBefore(workload) && isMissing(service, "runExecutionToken")
      ? [`${workload} has no runExecutionToken: an update would not run it`]
      : []),
    ...containers.flatMap((container: Props) => {
      const { name = workload.replace(/^tollgate-/, "") } = container;
      const expected = expectedOf(workload, name);
      if (!expected) return [`The catalogue has no container ${name} in ${workload}`];
      return differences(container, volumes, expected).map(
        (what) => `Container ${name} of ${workload} ${what}`,
      );
    }),
  ]),
};

/** Whether a workload is a job that an update runs, before what needs it. */
function runsBefore(workload: string): boolean {
  const job = jobs.find(({ name }) => workload === `tollgate-${name}`);
  return typeof job?.trigger === "object" && "before" in job.trigger;
}

/** In what a container differs from the catalogue, as the end of a sentence. */
function differences(container: Props, volumes: Props[], expected: Expected): string[] {
  return [
    ...Object.keys(container)
      .filter((key) => !FREE.includes(key))
      .map((key) => `sets ${key}, which the catalogue does not`),
    ...list("commands", container, expected.command),
    ...list("args", container, expected.args),
    ...environment(container, expected),
    ...mounts(container, volumes, expected.mounts),
    ...probe("startupProbe", container, expected.ready, expected.port),
    ...probe("livenessProbe", container, expected.live, expected.port),
    ...(container.ports?.containerPort === undefined || container.ports.containerPort === expected.port
      ? []
      : [`listens on ${container.ports.containerPort}, not ${expected.port}`]),
  ];
}

function probe(
  field: "startupProbe" | "livenessProbe",
  container: Props,
  path: string | undefined,
  port: number | undefined,
): string[] {
  const asked = (at: Props | undefined) => (at?.path === undefined ? "nothing" : `${at.path} on ${at.port}`);
  const [found, wanted] = [asked(container[field]?.httpGet), asked(path === undefined ? {} : { path, port })];
  return found === wanted ? [] : [`has a ${field} that asks ${found}, not ${wanted}`];
}

function list(field: "commands" | "args", container: Props, expected: Pattern[] = []): string[] {
  if (container[field] === undefined && !isMissing(container, field)) return [];
  const found = (container[field] ?? []) as (string | undefined)[];
  const same = found.length === expected.length && found.every((each, at) => matches(expected[at]!, each));
  return same ? [] : [`has ${field} ${shown(found)}, which are not the catalogue's`];
}

function environment({ envs = [] }: Props, { env, secretEnv, required }: Expected): string[] {
  const names = new Set((envs as Props[]).map(({ name }) => name));
  const twice = (envs as Props[]).length > names.size ? ["sets a variable twice"] : [];
  const missing = required.filter((name) => !names.has(name)).map((name) => `lacks ${name}`);
  const other = (envs as Props[]).flatMap((each) => {
    const { name, value, valueSource } = each;
    const secret = valueSource?.secretKeyRef?.secret as string | undefined;
    const plain = env[name];
    const wanted = secretEnv[name];
    if (plain === undefined && wanted === undefined) return [`sets ${name}, which the catalogue does not`];
    const reference = valueSource?.secretKeyRef as Props | undefined;
    if (
      valueSource &&
      (isMissing(valueSource, "secretKeyRef") || (reference && isMissing(reference, "secret")))
    )
      return [`reads ${name} from no secret`];
    if (wanted !== undefined)
      return valueSource !== undefined && matches(wanted, secret)
        ? []
        : [`reads ${name} from ${secret ?? "a plain value"}, not from the secret that the catalogue names`];
    if (valueSource === undefined && isMissing(each, "value")) return [`sets ${name} to nothing`];
    // The value itself may be a secret in the wrong place.
    return valueSource === undefined && matches(plain!, value)
      ? []
      : [`sets ${name} to another value than the catalogue`];
  });
  return [...twice, ...missing, ...other];
}

function mounts(
  { volumeMounts = [] }: Props,
  volumes: Props[],
  expected: Record<string, ExpectedMount>,
): string[] {
  const found = new Map<string, string>(
    (volumeMounts as Props[]).map(({ name, mountPath }) => [mountPath, name]),
  );
  return [
    ...Object.keys(expected)
      .filter((path) => !found.has(path))
      .map((path) => `does not mount ${path}`),
    ...[...found].flatMap(([path, name]) => {
      const wanted = expected[path];
      if (!wanted) return [`mounts ${path}, which the catalogue does not`];
      const volume = volumes.find((each) => each.name === name);
      return volume && isMounted(volume, wanted)
        ? []
        : [`mounts another volume at ${path} than the catalogue`];
    }),
  ];
}

function isMounted({ gcs, secret }: Props, wanted: ExpectedMount): boolean {
  if ("secret" in wanted)
    return (
      secret !== undefined &&
      matches(wanted.secret, secret.secret) &&
      (secret.items ?? []).every(({ path }: Props) => path === wanted.file)
    );
  if (gcs === undefined) return false;
  if ("bucket" in wanted) return matches(wanted.bucket, gcs.bucket);
  return (
    matches(bucketNamed("config"), gcs.bucket) &&
    gcs.readOnly === true &&
    folderOf(gcs)?.split("/")[0] === wanted.folder
  );
}

function folderOf({ mountOptions = [] }: Props): string | undefined {
  const folders = (mountOptions as string[]).flatMap((option) => /\bonly-dir=(.+)$/.exec(option)?.[1] ?? []);
  return folders.length === 1 ? folders[0] : undefined;
}

/** Where a machine reads which folder it fetches. */
const MACHINE_ENV = "/etc/tollgate/machine.env";

export const configurationDeployed: Rule = {
  name: "configuration-deployed",
  description:
    "What a workload mounts, or a machine fetches, from the configuration bucket is deployed, and checked, with it.",
  severity: "critical",
  remedy: "Mount a folder that ConfigFiles of components/config-files.ts makes in the same stack",
  checkStack: (resources: PolicyResource[]) => {
    const files = filesOf(resources);
    const isDeployed = (folder: string) => files.some(({ path }) => path.startsWith(`${folder}/`));
    const fetched = files.flatMap(({ path, content = "" }) =>
      path === MACHINE_ENV ? (/^CONFIG_FOLDER=[^/\n]+\/(.+)$/m.exec(content)?.[1] ?? []) : [],
    );
    return [
      ...templatesOf(resources).flatMap(({ workload, volumes = [] }: Template) =>
        (volumes as Props[])
          .flatMap(({ gcs }) => (gcs ? (folderOf(gcs) ?? []) : []))
          .filter((folder) => !isDeployed(folder))
          .map((folder) => `${workload} mounts ${folder}, and the stack deploys no such folder`),
      ),
      ...fetched
        .filter((folder) => !isDeployed(folder))
        .map((folder) => `The machine fetches ${folder}, and the stack deploys no such folder`),
    ];
  },
};

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}...` : text;
}
