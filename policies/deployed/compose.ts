import { logCollector } from "../../catalogue";
import type { Props } from "../known";
import type { Container } from "./container";
import type { DeployedFile } from "./files";
import { parseYaml } from "./yaml";

const COMPOSE_FILE = /(^|\/)(docker-)?compose\.ya?ml$/;

const DOCKER_SOCKET = "/var/run/docker.sock";

/** The file that was read last: every rule on containers reads the same one. */
let last: { content: string; file: Props; containers: Container[] } | undefined;

/**
 * The containers that a file of Docker Compose runs; none when it is another file.
 *
 * @throws YAMLParseError when it is not YAML.
 */
export function composeContainers(file: DeployedFile): Container[] {
  return readCompose(file)?.containers ?? [];
}

/** The content of a Docker Compose file; undefined for any other file. */
export function composeText(file: DeployedFile): Props | undefined {
  return readCompose(file)?.file;
}

function readCompose({ path, content }: DeployedFile): typeof last {
  if (!COMPOSE_FILE.test(path) || content === undefined) return undefined;
  if (last?.content !== content) {
    const file = (parseYaml(content) ?? {}) as Props;
    last = { content, file, containers: containersIn(file) };
  }
  return last;
}

function containersIn({ services = {} }: { services?: Record<string, Props> }): Container[] {
  return Object.entries(services).map(([name, service]) => ({
    workload: name,
    name,
    image: service.image === undefined ? undefined : String(service.image),
    command: [service.entrypoint, service.command].flat().filter(isSet).map(String),
    env: environment(service.environment),
    secrets: ((service.secrets ?? []) as (string | Props)[]).map((secret) =>
      typeof secret === "string"
        ? { as: secret, secret }
        : { as: String(secret.target ?? secret.source), secret: String(secret.source) },
    ),
    limits: {
      cpu: text(service.deploy?.resources?.limits?.cpus ?? service.cpus),
      memory: text(service.deploy?.resources?.limits?.memory ?? service.mem_limit),
    },
    privileged: escapes(name, service),
  }));
}

/** Options by which a container leaves its confinement: https://docs.docker.com/reference/compose-file/services/ */
function escapes(name: string, service: Props): string[] {
  const sources = ((service.volumes ?? []) as (string | Props)[]).map((volume) =>
    typeof volume === "string" ? volume.split(":")[0]! : String(volume.source ?? ""),
  );
  const lists = ["cap_add", "devices", "device_cgroup_rules"].filter((option) => service[option]?.length > 0);
  const security = ((service.security_opt ?? []) as unknown[]).map(String);
  return [
    ...(service.privileged === true ? ["privileged"] : []),
    ...["network_mode", "pid", "ipc", "userns_mode", "uts", "cgroup"]
      .filter((option) => /^(host|container:)/.test(String(service[option] ?? "")))
      .map((option) => `${option}: ${service[option]}`),
    ...lists,
    ...security
      .filter((option) => /unconfined|disable|no-new-privileges[:=]false/.test(option))
      .map((option) => `security_opt: ${option}`),
    ...sources
      // Only access to Docker's socket gives the logs of all containers.
      .filter((source) => source.startsWith("/") && !(name === logCollector.name && source === DOCKER_SOCKET))
      .map((source) => (source.includes("docker.sock") ? "Docker's socket" : `the machine's ${source}`)),
  ];
}

function environment(value: unknown): { name: string; value: string }[] {
  const pairs = Array.isArray(value)
    ? value.map((line) => String(line).split(/=(.*)/s) as [string, string?])
    : Object.entries((value ?? {}) as Props);
  return pairs.filter(([, each]) => isSet(each)).map(([name, each]) => ({ name, value: String(each) }));
}

function text(value: unknown): string | undefined {
  return isSet(value) ? String(value) : undefined;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
