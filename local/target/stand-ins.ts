import { join } from "node:path";
import { ports, type Service } from "../../catalogue";
import { paths, repository, workFolder } from "../../ops/workspace/paths";
import { httpReady, startProcess, type Running } from "../processes";
import type { Machine } from "./machine";

/** Starts the server that stands in for every provider where no key is set. */
export function simulatorOn(machine: Machine): Promise<Running> {
  return startOwn("llm-simulator", "simulator", machine.port(ports.llmSimulator), "/healthz", {}, machine);
}

/**
 * Starts the OTLP sink in place of Langfuse, on its port and with its keys.
 *
 * @param tracesDir The folder for traces, kept as JSON lines.
 */
export function sinkOn(machine: Machine, tracesDir: string): Promise<Running> {
  const { values } = machine;
  const env = {
    LANGFUSE_PUBLIC_KEY: values["langfuse-public-key"],
    LANGFUSE_SECRET_KEY: values["langfuse-secret-key"],
    TOLLGATE_TRACES_DIR: tracesDir,
    TOLLGATE_OTLP_RECORD: process.env.TOLLGATE_OTLP_RECORD,
  };
  return startOwn(
    "otlp-sink",
    "local/otlp-sink",
    machine.port(ports.langfuse),
    "/api/public/health",
    env,
    machine,
  );
}

/** Starts the substitute of a service. */
export const SUBSTITUTES: Record<
  NonNullable<Service["substitute"]>["name"],
  (machine: Machine) => Promise<Running>
> = {
  "otlp-sink": (machine) => sinkOn(machine, paths.traces),
  viewer: viewerOn,
};

/** Starts the viewer of the dashboards in place of Grafana, on its port. */
function viewerOn(machine: Machine): Promise<Running> {
  return startOwn(
    "viewer",
    "local/dashboards/viewer",
    machine.port(ports.grafana),
    "/api/health",
    {},
    machine,
  );
}

function startOwn(
  name: string,
  folder: string,
  port: number,
  readyPath: string,
  env: Record<string, string | undefined>,
  machine: Machine,
): Promise<Running> {
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name,
    url,
    port,
    command: process.execPath,
    args: ["--import", "tsx", join(repository, folder, "main.ts")],
    env: { PORT: String(port), HOST: "127.0.0.1", TOLLGATE_WORK_FOLDER: workFolder, ...env },
    logFile: machine.logFile(name),
    ready: httpReady(url + readyPath),
    startupSeconds: 60,
  });
}
