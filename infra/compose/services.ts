import { basename } from "node:path";
import { catalogue, type Phase, type Service } from "../../catalogue";
import { renderClickhouseFiles } from "../config-files/clickhouse";
import { environmentOf, hostOf, PUBLISHED_BEYOND_LOOPBACK, secretFilesOf } from "./environment";
import { confinement, imageFacts, imageOf } from "./images";
import { bindMount, volumeMount } from "./mounts";
import { redisProgram } from "./redis";
import type { ComposeService, Condition, Mount } from "./schema";
import { withSecrets } from "./with-secrets";

const PHASES: Phase[] = [1, 2, 3, 4, 5];
const PROBE_SECONDS = { interval: 10, timeout: 5, retries: 6 };
/** The image has files of its own there, which a folder of ours would hide: ours are mounted one by one. */
const FILE_BY_FILE: Record<string, string[]> = {
  "/etc/clickhouse-server/config.d": Object.keys(renderClickhouseFiles()).map((path) => basename(path)),
};
/** Open on this machine alone, for operators and what they run (`npm run customers`); from elsewhere through a tunnel. */
const PUBLISHED_ON_LOOPBACK = new Set([
  "langfuse-web",
  "blob-store",
  "prometheus",
  "alertmanager",
  "postgres",
]);

/** The services of the catalogue that Compose runs. */
export function composeCatalogue(): Service[] {
  return catalogue.filter(({ targets }) => !targets?.compose);
}

/** A service of the catalogue for Compose. */
export function composeService(target: Service): ComposeService {
  const { name, image, phase, command, args, memoryMiB, cpu } = target;
  const { plain, secret } = environmentOf(target);
  const files = Object.entries(secretFilesOf(target)).map(([path, source]) => ({ source, target: path }));
  const start =
    image === "redis"
      ? redisProgram(target)
      : Object.keys(secret).length > 0
        ? withSecrets(secret, { image, args, program: command })
        : { ...(command ? { entrypoint: command } : {}), ...(args ? { command: args } : {}) };
  const mounts = [
    ...(start.volumes ?? []),
    ...configMounts(target),
    ...(target.volumes ?? []).map((volume) => volumeMount(volume.name, volume.mountPath)),
    // Alloy finds the containers and reads their logs here; `read_only` keeps the socket's file, not what is asked over it.
    ...(name === "alloy" ? [bindMount("/var/run/docker.sock", "/var/run/docker.sock")] : []),
  ];
  const secrets = [...(start.secrets ?? []), ...files];
  return {
    ...imageOf(image),
    profiles: profilesOf(phase),
    restart: "unless-stopped",
    ...start,
    ...(Object.keys(plain).length > 0 ? { environment: plain } : {}),
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(mounts.length > 0 ? { volumes: mounts } : {}),
    ...published(target),
    ...healthCheck(target),
    ...dependencies(target),
    ...limits(memoryMiB, cpu),
    ...bounded,
    ...confinement(image),
    ...labels(target),
  };
}

/** A phase brings up those before it too. */
export function profilesOf(phase: Phase): string[] {
  return PHASES.filter((each) => each >= phase).map((each) => `phase-${each}`);
}

export function limits(memoryMiB: number, cpu: number): Pick<ComposeService, "deploy"> {
  return { deploy: { resources: { limits: { cpus: String(cpu), memory: `${memoryMiB}M` } } } };
}

/** Thirty megabytes of log a container; Loki has the rest. */
export const bounded: Pick<ComposeService, "logging"> = {
  logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
};

/** The rendered folders that a service reads, where it reads them. */
export function configMounts({ configFiles = {} }: Service): Mount[] {
  return Object.entries(configFiles).flatMap(([path, folder]) =>
    FILE_BY_FILE[path]
      ? FILE_BY_FILE[path].map((file) => bindMount(`../${folder}/${file}`, `${path}/${file}`))
      : [bindMount(`../${folder}`, path)],
  );
}

function published({ name, port }: Service): Pick<ComposeService, "ports"> {
  if (PUBLISHED_BEYOND_LOOPBACK.has(name)) return { ports: [`${port}:${port}`] };
  if (PUBLISHED_ON_LOOPBACK.has(name)) return { ports: [`127.0.0.1:${port}:${port}`] };
  return {};
}

function healthCheck({ image, probe, healthCommand, port }: Service): Pick<ComposeService, "healthcheck"> {
  const test = probe
    ? imageFacts(image).probe(`http://127.0.0.1:${port}${probe.path}`)
    : healthCommand && ["CMD", ...healthCommand];
  if (!test) return {};
  const { interval, timeout, retries } = PROBE_SECONDS;
  return {
    healthcheck: {
      test,
      interval: `${interval}s`,
      timeout: `${timeout}s`,
      retries,
      start_period: `${probe?.startupSeconds ?? 30}s`,
    },
  };
}

/** Whatever uses a database waits for its roles, and for the ledger's tables where it reads them; so for buckets. */
function dependencies(target: Service): Pick<ComposeService, "depends_on"> {
  const names = new Set(target.dependsOn.map(hostOf));
  const usesLedger = Object.values(environmentOf(target).secret).some((name) => name.startsWith("ledger-"));
  const needs: [string, Condition][] = [...names].map((name) => [name, "service_healthy"]);
  if (names.has("postgres")) needs.push(["database-roles", "service_completed_successfully"]);
  if (usesLedger) needs.push(["gateway-migrations", "service_completed_successfully"]);
  if (names.has("blob-store")) needs.push(["buckets", "service_completed_successfully"]);
  if (needs.length === 0) return {};
  return { depends_on: Object.fromEntries(needs.map(([name, condition]) => [name, { condition }])) };
}

/** A changed file is a changed label, and Compose makes the container anew: a mount alone would not tell it. */
function labels({ configFiles }: Service): Pick<ComposeService, "labels"> {
  const folders = Object.values(configFiles ?? {});
  if (folders.length === 0) return {};
  return {
    labels: Object.fromEntries(
      folders.map((folder) => [`dev.tollgate.config.${folder}`, `\${${configVariable(folder)}:-}`]),
    ),
  };
}

/** The variable of `.env` that stands for the content of a folder of configuration files. */
export function configVariable(folder: string): string {
  return `CONFIG_${folder.toUpperCase().replaceAll("-", "_")}`;
}
