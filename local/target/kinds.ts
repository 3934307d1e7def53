import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { portOf, service, type ImageName, type Job, type Service, type Unit } from "../../catalogue";
import { redisSettings } from "../../catalogue/redis";
import { paths } from "../../ops/workspace/paths";
import {
  findTool,
  httpReady,
  makeDatabaseRoles,
  requireTool,
  serviceEnvironment,
  startPostgresServer,
  startProcess,
  startRedis,
  type Running,
} from "../processes";
import { findServer } from "../servers/find";
import type { ServerName } from "../servers/releases";
import { pathOf, type Machine } from "./machine";

interface Own {
  command?: string[];
  args: string[];
  env: Record<string, string | undefined>;
}

/** How what an image holds is run without a container. */
interface Kind {
  start(service: Service, own: Own, machine: Machine): Promise<Running>;
  run?(job: Job, own: Own, machine: Machine): Promise<undefined>;
  /** Why it cannot run here. */
  missing?(): string | undefined;
}

/** The program in place of an image's entry point. */
interface Program {
  command: () => string;
  args?: string[];
  env?: (name: string, machine: Machine) => Record<string, string>;
  cwd?: () => string | undefined;
}

const node: Program = { command: () => process.execPath, args: ["--import", "tsx"] };

const litellm: Program = {
  command: () => join(paths.venv, "bin", "litellm"),
  // A worker answers no health check while it imports LiteLLM; uvicorn's 5 s would kill it again and again.
  args: ["--timeout_worker_healthcheck", "120"],
  env: (name, machine) => ({
    ...guard,
    // Shared by the workers: each counts in its own files, and a scrape adds them up.
    PROMETHEUS_MULTIPROC_DIR: emptyFolder(`${machine.logFile(name)}.metrics`),
  }),
};

/** What the guard's Python needs. */
const guard = { PYTHONPATH: paths.guard, PYTHONUNBUFFERED: "1" };

/** Grafana's pages are next to its program, or where its Debian package puts them. Anyone who reaches this machine may look. */
function grafanaEnv(_name: string, machine: Machine): Record<string, string> {
  const grafana = service("grafana");
  const beside = dirname(dirname(realpathSync(findServer("grafana")!)));
  const home = existsSync(join(beside, "conf", "defaults.ini")) ? beside : "/usr/share/grafana";
  return {
    GF_PATHS_HOME: home,
    GF_PATHS_CONFIG: join(home, "conf", "sample.ini"),
    GF_PATHS_DATA: pathOf("/var/lib/grafana", grafana, machine),
    GF_SERVER_HTTP_ADDR: "127.0.0.1",
    GF_AUTH_ANONYMOUS_ENABLED: "true",
  };
}

const KINDS: Partial<Record<ImageName, Kind>> = {
  agent: { start: (service, own, machine) => startProgram(node, service, own, machine) },
  gateway: {
    start: (service, own, machine) => startProgram(litellm, service, own, machine),
    run: runPython,
  },
  postgres: {
    start: (service, _, machine) =>
      startPostgresServer({
        port: machine.port(portOf(service.name)),
        dataDir: join(machine.data, service.name),
        logFile: machine.logFile(service.name),
        password: machine.values["postgres-admin-password"] ?? "",
      }),
    // npm's Postgres comes without psql: the same statements over a connection.
    run: async (_job, _own, machine) => {
      await makeDatabaseRoles(machine.port(portOf("postgres")), machine.values);
      return undefined;
    },
  },
  redis: {
    start: (service, _, machine) =>
      startRedis({
        port: machine.port(portOf(service.name)),
        dataDir: join(machine.data, service.name),
        password: machine.values["redis-password"] ?? "",
        settings: redisSettings(service),
        logFile: machine.logFile(service.name),
      }),
  },
  prometheus: debianTool("prometheus"),
  alertmanager: debianTool("alertmanager"),
  grafana: server("grafana", { args: ["server"], env: grafanaEnv }),
  loki: server("loki"),
  alloy: server("alloy", {}, ["loki"]),
  tempo: server("tempo"),
};

/** @throws Error when nothing is known of the image: the catalogue must say why the service cannot run here. */
export function kindOf(image: ImageName): Kind {
  const kind = KINDS[image];
  if (!kind) throw new Error(`image "${image}" has no kind in local/target/kinds.ts: add it, or say why not`);
  return kind;
}

/** Why a unit cannot run on this machine; `undefined` where it can. */
export function whyNotHere(unit: Unit): string | undefined {
  return unit.targets?.local ?? kindOf(unit.image).missing?.();
}

function debianTool(name: string): Kind {
  const program: Program = {
    command: () => requireTool(name),
    // Alertmanager finds its templates from here; see local/setup/relocate-alertmanager.mjs.
    cwd: () => (existsSync(join(paths.tools, "usr")) ? join(paths.tools, "usr") : undefined),
  };
  return {
    start: (service, own, machine) => {
      makeVolumes(service, machine);
      return startProgram(program, service, own, machine);
    },
    missing: () => {
      if (findTool(name)) return undefined;
      const outcome = join(paths.tools, "outcome.txt");
      const reason = existsSync(outcome) ? readFileSync(outcome, "utf8") : "";
      return `not on the PATH, and Debian's package could not be unpacked${reason && `: ${reason}`}`;
    },
  };
}

/**
 * A program that no package registry has: it runs where it is on this machine.
 *
 * @param needs Servers without which it has nothing to do.
 */
function server(name: ServerName, program: Omit<Program, "command"> = {}, needs: ServerName[] = []): Kind {
  return {
    start: (service, own, machine) => {
      makeVolumes(service, machine);
      return startProgram({ ...program, command: () => findServer(name)! }, service, own, machine);
    },
    missing: () => {
      const [absent] = [name, ...needs].filter((each) => !findServer(each));
      return absent && `${absent} is not on the PATH: \`npm start -- --full\` downloads it`;
    },
  };
}

function makeVolumes(service: Service, machine: Machine): void {
  for (const { mountPath } of service.volumes ?? [])
    mkdirSync(pathOf(mountPath, service, machine), { recursive: true });
}

function startProgram(program: Program, service: Service, own: Own, machine: Machine): Promise<Running> {
  const { name, probe } = service;
  if (!probe) throw new Error(`${name} needs a probe to be started as a process`);
  const port = machine.port(portOf(name));
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name,
    url,
    port,
    command: program.command(),
    args: [...(program.args ?? []), ...own.args],
    env: { ...own.env, ...program.env?.(name, machine) },
    cwd: program.cwd?.(),
    logFile: machine.logFile(name),
    ready: httpReady(url + probe.path),
    startupSeconds: probe.startupSeconds,
  });
}

/** @throws Error with what the program said. */
async function runPython({ name }: Job, { command = [], args, env }: Own): Promise<undefined> {
  const [, ...words] = [...command, ...args];
  try {
    await promisify(execFile)(paths.python, words, {
      env: serviceEnvironment({ ...guard, ...env }),
      cwd: paths.guard,
    });
  } catch (error) {
    throw new Error(`${name} failed:\n${(error as { stderr?: string }).stderr ?? String(error)}`, {
      cause: error,
    });
  }
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}
