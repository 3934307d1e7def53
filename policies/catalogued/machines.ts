import { isDeepStrictEqual } from "node:util";
import { Instance } from "@pulumi/gcp/compute/instance";
import { InstanceTemplate } from "@pulumi/gcp/compute/instanceTemplate";
import { OWN_IMAGES, portOf, secretSources, service } from "../../catalogue";
import { inputsOf } from "../../catalogue/target";
import { clickHouseCloudConfig } from "../../components/clickhouse/cloud-config";
import { composeCloudConfig } from "../../components/compose-machine/cloud-config";
import { configHashes } from "../../infra/compose";
import { presence } from "../../infra/compose/resolve";
import { clickhouseFiles } from "../../infra/config-files/native";
import { definitions } from "../../litellm-config";
import { isMissing } from "../known";
import { ofType, type Props, type Rule } from "../rule";
import {
  bucketNamed,
  exactly,
  imageNamed,
  matches,
  ofSetting,
  patterns,
  project,
  secretNamed,
  type Pattern,
} from "./patterns";
import { parseYaml } from "../deployed/yaml";
import { rendered } from "./files";
import { stackConfig } from "../stack-settings";

const HEADER = "#cloud-config\n";

/** Stands in a template for what a stack fills in. */
const ANY = "_any_";

/** A machine of the stack: its cloud-config without the stack's values, and patterns for those. */
interface Machine {
  bootImage: Pattern;
  metadata: string[];
  tags: string[];
  config: () => string;
  /** Files of variables, by path: each variable with its value. */
  variables: Record<string, Record<string, Pattern>>;
  /** Files whose lines are not known here, by path: what each line is. */
  lines?: Record<string, Pattern>;
}

const REGISTRY_HOSTS = "[a-z0-9-]+-docker\\.pkg\\.dev(,[a-z0-9-]+-docker\\.pkg\\.dev)*";
const NUMBER = "\\d+";
const HASH = "[0-9a-f]*";

/** The stack's machines, by the label `service`. */
const MACHINES: Record<string, () => Machine> = {
  clickhouse: () => ({
    bootImage: "projects/cos-cloud/global/images/(family/)?[a-z0-9-]+",
    metadata: ["user-data", "block-project-ssh-keys", "google-logging-enabled"],
    tags: [],
    config: () =>
      clickHouseCloudConfig({
        image: ANY,
        registryHost: ANY,
        project: ANY,
        env: {},
        passwordSecret: ANY,
        passwordVersion: ANY,
        retentionDays: definitions.retention.traces,
        configFiles: clickhouseFiles("cloud-storage"),
        memoryMiB: 0,
        httpPort: 0,
        ports: [],
      }),
    variables: {
      "/etc/tollgate/machine.env": {
        PROJECT: project(),
        REGISTRY_HOST: `${ofSetting("gcp:region", "[a-z0-9-]+")}-docker\\.pkg\\.dev`,
        IMAGE: imageNamed(service("clickhouse").image),
        PASSWORD_SECRET: secretNamed("clickhouse-password"),
        PASSWORD_VERSION: NUMBER,
        MEMORY_MIB: String(stackConfig()?.sizes.clickhouseMemoryMiB ?? NUMBER),
        HTTP_PORT: String(portOf("clickhouse")),
        PORTS: [portOf("clickhouse"), ...Object.values(service("clickhouse").extraPorts ?? {})].join(" "),
      },
      "/etc/clickhouse/server.env": {
        ...inputsOf(service("clickhouse"), patterns).env,
        TRACE_RETENTION_DAYS: String(definitions.retention.traces),
      },
    },
  }),
  machine: () => ({
    bootImage: "projects/ubuntu-os-cloud/global/images/(family/)?[a-z0-9-]+",
    metadata: ["user-data", "block-project-ssh-keys", "enable-oslogin"],
    tags: ["tollgate-tunnel"],
    config: () =>
      composeCloudConfig({
        project: ANY,
        registryHosts: [ANY],
        bucket: ANY,
        folder: ANY,
        env: {},
        secrets: {},
        phase: 1,
      }),
    variables: {
      "/etc/tollgate/machine.env": {
        PROJECT: project(),
        REGISTRY_HOSTS: registryHost() ?? REGISTRY_HOSTS,
        CONFIG_FOLDER: `${bucketNamed("config")}/machine/${HASH}`,
        COMPOSE_PROFILES: profiles() ?? "phase-1(,phase-[2-5])*",
      },
      "/opt/tollgate/env": {
        ...variablesOfFiles(),
        TOLLGATE_ENVIRONMENT: ofSetting("tollgate:environment", "[a-z][a-z0-9-]*"),
        TOLLGATE_DATA_SOURCE: "gcp",
        GOOGLE_CLOUD_PROJECT: project(),
        GOOGLE_CLOUD_REGION: ofSetting("gcp:region", "[a-z]+-[a-z]+\\d"),
        TOLLGATE_PUBLIC_URL: ofSetting("tollgate:publicUrl", stackConfig() ? "" : "(https://\\S+)?"),
        TOLLGATE_OAUTH_ISSUER: ofSetting("tollgate:oauthIssuer", stackConfig() ? "" : "(https://\\S+)?"),
        TOLLGATE_TRACE_TEXTS: ofSetting("tollgate:traceTexts", stackConfig() ? "" : "(all|none)?"),
        TOLLGATE_SECRETS: exactly("/run/tollgate/secrets"),
        ...Object.fromEntries(
          OWN_IMAGES.map((image) => [`TOLLGATE_${image.toUpperCase()}_IMAGE`, imageNamed(image)]),
        ),
      },
    },
    lines: {
      ...(stackConfig() ? {} : { "/opt/tollgate/env": `CONFIG_[A-Z_]+=${HASH}` }),
      "/opt/tollgate/secret-versions": secretSources
        .map(([name]) => `${exactly(name)} ${secretNamed(name)} ${NUMBER}`)
        .join("|"),
    },
  }),
};

function registryHost(): Pattern | undefined {
  const config = stackConfig();
  return config && exactly(config.imageRegistry.split("/")[0]!);
}

function profiles(): Pattern | undefined {
  const config = stackConfig();
  return config && Array.from({ length: config.phase }, (_, at) => `phase-${at + 1}`).join(",");
}

/** By these Compose sees which files are there, and which of them changed. */
function variablesOfFiles(): Record<string, Pattern> {
  const config = stackConfig();
  if (!config) return Object.fromEntries(Object.keys(presence(1)).map((variable) => [variable, "1?"]));
  return { ...presence(config.phase), ...configHashes(rendered("machine")) };
}

export const machinesAsRendered: Rule = {
  name: "machines-as-rendered",
  description:
    "A machine starts from a system of Google's and does what its component renders: no script of others runs there.",
  severity: "critical",
  remedy: "Change only the component in components/ that makes the machine",
  checks: [
    ofType(Instance, (props, { name }) => judge(props as Props, name)),
    ofType(InstanceTemplate, () => ["The stack makes machines one by one: a template is not its own"]),
  ],
};

function judge(props: Props, name: string): string[] {
  const { labels = {}, metadata = {}, bootDisk, tags = [] } = props;
  const known = MACHINES[labels.service ?? name]?.();
  if (!known) return [`The stack has no machine ${labels.service ?? name}`];
  const image = bootDisk?.initializeParams?.image as string | undefined;
  return [
    ...(isMissing(props, "metadataStartupScript")
      ? []
      : ["metadataStartupScript runs in addition to the cloud-config"]),
    ...Object.keys(metadata)
      .filter((key) => !known.metadata.includes(key))
      .map((key) => `metadata.${key} is not one of the machine's`),
    ...(image === undefined || matches(known.bootImage, image) ? [] : [`bootDisk starts from ${image}`]),
    ...(bootDisk?.source ? ["bootDisk.source starts from a disk that is there"] : []),
    ...(tags as string[])
      .filter((tag) => !known.tags.includes(tag))
      .map((tag) => `tags has ${tag}, for which other rules open ports`),
    ...known.metadata
      .filter((key) => key !== "user-data" && isMissing(metadata, key))
      .map((key) => `metadata.${key} is not set`),
    ...(isMissing(metadata, "user-data")
      ? ["metadata.user-data is missing: the machine would do nothing"]
      : []),
    ...(typeof metadata["user-data"] === "string" ? judgeConfig(metadata["user-data"], known) : []),
  ];
}

interface CloudConfig extends Props {
  write_files?: { path: string; content: string; permissions?: string }[];
}

function judgeConfig(text: string, { config, variables, lines = {} }: Machine): string[] {
  if (!text.startsWith(HEADER)) return ["metadata.user-data is not a cloud-config"];
  const { write_files: written = [], ...found } = parseYaml(text.slice(HEADER.length)) as CloudConfig;
  const { write_files: wanted = [], ...rest } = parseYaml(config().slice(HEADER.length)) as CloudConfig;
  const template = new Map(wanted.map((file) => [file.path, file]));
  const paths = written.map(({ path }) => path);
  return [
    ...Object.keys({ ...rest, ...found })
      .filter((key) => !isDeepStrictEqual(found[key], rest[key]))
      .map((key) => `metadata.user-data: ${key} is not what the component renders`),
    ...[...template.keys()]
      .filter((path) => !paths.includes(path))
      .map((path) => `metadata.user-data does not write ${path}`),
    ...written.flatMap(({ content, ...how }, at) => {
      const { path } = how;
      const file = template.get(path);
      if (!file || paths.indexOf(path) !== at)
        return [`metadata.user-data writes ${path}, which is not one of the machine's files`];
      const { content: wantedContent, ...wantedHow } = file;
      return [
        ...(isDeepStrictEqual(how, wantedHow)
          ? []
          : [`${path} has other permissions than the component sets`]),
        ...(variables[path] || lines[path]
          ? judgeLines(path, content, wantedContent, variables[path] ?? {}, lines[path])
          : matches(exactly(wantedContent).replaceAll(ANY, "[\\w./-]+"), content)
            ? []
            : [`${path} is not what the component renders`]),
      ];
    }),
  ];
}

/** What an environment file has that its component does not set; never the value, which may be a secret. */
function judgeLines(
  path: string,
  content: string,
  wanted: string,
  values: Record<string, Pattern>,
  other: Pattern | undefined,
): string[] {
  const fixed = new Set(wanted.split("\n"));
  const found = content.split("\n").filter((line) => line !== "");
  const names = found.map((line) => line.split("=")[0]!);
  return [
    ...found
      .filter((line) => {
        const [name, value] = line.split(/=(.*)/s);
        if (names.filter((each) => each === name).length > 1) return true;
        const pattern = values[name!];
        if (pattern !== undefined) return !matches(pattern, value);
        return !fixed.has(line) && !(other && matches(other, line));
      })
      .map((line) => `${path} sets ${line.split("=")[0]!.slice(0, 60)} to what the component does not`),
    ...Object.keys(values)
      .filter((name) => !names.includes(name))
      .map((name) => `${path} does not set ${name}`),
  ];
}
