import { basename } from "node:path";
import { isJob, type ConfigFolder, type Job, type Phase, type Service, type Unit } from "../../catalogue";
import { resolveText, type Inputs, type Need, type Target } from "../../catalogue/target";
import { secrets } from "../../catalogue";
import { composeFolder } from "./folders";
import { confinement, imageFacts, imageOf } from "./images";
import { bindMount, volumeMount } from "./mounts";
import { literal, resolve } from "./resolve";
import type { ComposeService, Mount } from "./schema";
import { startOf } from "./scripts";

const PHASES: Phase[] = [1, 2, 3, 4, 5];
const PROBE_SECONDS = { interval: 10, timeout: 5, retries: 6 };
const DOCKER_SOCKET = "/var/run/docker.sock";

/** Docker Compose: every service and job is a container, found by its name. */
export const composeTarget: Target<string, ComposeService> = {
  name: "compose",
  has: () => true,
  resolve,
  literal,
  join: (parts) => parts.join(""),
  start: containerOf,
};

function containerOf(unit: Unit, inputs: Inputs<string>, needs: Need<unknown>[]): ComposeService {
  const { image, memoryMiB, cpu } = unit;
  const files = Object.entries(inputs.secretFiles)
    // Without TLS between containers there are no certificates to trust.
    .filter(([, name]) => !("certificateOf" in secrets[name]))
    .map(([target, source]) => ({ source, target }));
  const start = startOf({
    image,
    program: isJob(unit) ? inputs.command : (imageFacts(image).program?.(unit) ?? inputs.command),
    args: inputs.args,
    secretEnv: inputs.secretEnv,
    schedule: isJob(unit) ? scheduleOf(unit) : undefined,
  });
  const mounts = [...(start.volumes ?? []), ...configMounts(unit), ...(isJob(unit) ? [] : ownMounts(unit))];
  const mounted = [...(start.secrets ?? []), ...files];
  return {
    ...imageOf(image),
    profiles: isJob(unit) && unit.trigger === "manual" ? ["manual"] : profilesOf(unit.phase),
    restart: restartOf(unit),
    ...start,
    ...(Object.keys(inputs.env).length > 0 ? { environment: inputs.env } : {}),
    ...(mounted.length > 0 ? { secrets: mounted } : {}),
    ...(mounts.length > 0 ? { volumes: mounts } : {}),
    ...(isJob(unit) ? {} : { ...published(unit), ...healthCheck(unit) }),
    ...dependencies(needs),
    deploy: { resources: { limits: { cpus: String(cpu), memory: `${memoryMiB}M` } } },
    // Thirty megabytes of log a container; Loki has the rest.
    logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    ...confinement(image),
    ...labels(unit),
  };
}

/** A phase brings up those before it too. */
export function profilesOf(phase: Phase): string[] {
  return PHASES.filter((each) => each >= phase).map((each) => `phase-${each}`);
}

function scheduleOf({ trigger }: Job): { every: number; retryAfter?: number } | undefined {
  return typeof trigger === "object" && "every" in trigger ? trigger : undefined;
}

function restartOf(unit: Unit): ComposeService["restart"] {
  if (!isJob(unit) || scheduleOf(unit)) return "unless-stopped";
  return unit.trigger === "manual" ? "no" : "on-failure";
}

/** The rendered folders that a container reads, where it reads them. */
function configMounts(unit: Unit): Mount[] {
  const fileByFile = !isJob(unit) && unit.mountsFileByFile;
  return Object.entries(unit.configFiles ?? {}).flatMap(([path, folder]) =>
    fileByFile
      ? Object.keys(composeFolder(folder)).map((file) =>
          bindMount(`../${folder}/${file}`, `${path}/${basename(file)}`),
        )
      : [bindMount(`../${folder}`, path)],
  );
}

function ownMounts({ volumes = [], collectsLogs }: Service): Mount[] {
  return [
    ...volumes.map((volume) => volumeMount(volume.name, volume.mountPath)),
    // `read_only` keeps the socket's file, not what is asked over it.
    ...(collectsLogs ? [bindMount(DOCKER_SOCKET, DOCKER_SOCKET)] : []),
  ];
}

function published({ published: to, port }: Service): Pick<ComposeService, "ports"> {
  if (!to) return {};
  return { ports: [to === "everywhere" ? `${port}:${port}` : `127.0.0.1:${port}:${port}`] };
}

function healthCheck(service: Service): Pick<ComposeService, "healthcheck"> {
  const { image, probe, healthCommand, port } = service;
  const test = probe
    ? imageFacts(image).probe(`http://127.0.0.1:${port}${probe.path}`)
    : healthCommand && ["CMD", ...healthCommand.map((text) => resolveText(text, service, composeTarget))];
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

function dependencies(needs: Need<unknown>[]): Pick<ComposeService, "depends_on"> {
  if (needs.length === 0) return {};
  const conditions = needs.map(({ unit }) => [
    unit.name,
    { condition: isJob(unit) ? "service_completed_successfully" : "service_healthy" } as const,
  ]);
  return { depends_on: Object.fromEntries(conditions) as ComposeService["depends_on"] };
}

/** A changed file is a changed label, and Compose makes the container anew: it does not look into mounts. */
function labels({ configFiles = {} }: Unit): Pick<ComposeService, "labels"> {
  const folders = Object.values(configFiles);
  if (folders.length === 0) return {};
  return {
    labels: Object.fromEntries(
      folders.map((folder) => [`dev.tollgate.config.${folder}`, `\${${configVariable(folder)}:-}`]),
    ),
  };
}

/** The variable of `.env` with the hash of a folder of configuration files. */
export function configVariable(folder: ConfigFolder): string {
  return `CONFIG_${folder.toUpperCase().replaceAll("-", "_")}`;
}
