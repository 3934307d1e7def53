import {
  isJob,
  job,
  portOf,
  ports,
  programs,
  service,
  type JobName,
  type OptionalSetting,
  type Ref,
  type Service,
  type ServiceName,
  type Unit,
} from "../../catalogue";
import { inputsOf, type Inputs, type Target } from "../../catalogue/target";
import { secretText } from "../../catalogue/secret-values";
import type { Running } from "../processes";
import { kindOf, whyNotHere } from "./kinds";
import { pathOf, type Machine } from "./machine";

export type { Extra, Machine } from "./machine";
export { whyNotHere } from "./kinds";
export { simulatorOn, sinkOn, SUBSTITUTES } from "./stand-ins";

/** A service or a job that can be started on this machine. */
export interface LocalUnit {
  unit: Unit;
  /** What has to be started first. */
  needs: Unit[];
  /** Why it cannot run here. */
  missing?: string;
  /** Resolves when a service is ready, or a job is done. */
  start: () => Promise<Running | undefined>;
}

/** This machine: services are processes, and jobs run to their end. */
export function localTarget(machine: Machine): Target<string, LocalUnit> {
  return {
    name: "local",
    // Nothing takes the place of what is optional.
    has: (unit) => !("enabledBy" in unit && whyNotHere(unit)),
    resolve: (ref, unit) => resolve(ref, unit, machine),
    lacks: (setting) => setting in OWN_SETTINGS && !process.env[OWN_SETTINGS[setting as OptionalSetting]],
    literal: (text) => text,
    join: (parts) => parts.join(""),
    start: (unit, inputs, needs) =>
      localUnit(
        unit,
        inputs,
        needs.map((need) => need.unit),
        machine,
      ),
  };
}

/** Starts one service; what it needs must be up. */
export async function startService(name: ServiceName, machine: Machine): Promise<Running> {
  const running = await single(service(name), machine).start();
  if (!running) throw new Error(`${name} did not stay up`);
  return running;
}

/** Runs one job to its end. */
export async function runJob(name: JobName, machine: Machine): Promise<void> {
  await single(job(name), machine).start();
}

function single(unit: Unit, machine: Machine): LocalUnit {
  const target = localTarget(machine);
  return target.start(unit, inputsOf(unit, target), []);
}

function localUnit(unit: Unit, inputs: Inputs<string>, needs: Unit[], machine: Machine): LocalUnit {
  const kind = kindOf(unit.image);
  const start = async (): Promise<Running | undefined> => {
    const extra = isJob(unit) ? {} : (machine.extra?.[unit.name]?.() ?? {});
    const own = {
      command: inputs.command,
      args: [...(inputs.args ?? []), ...(extra.args ?? [])],
      env: { ...inputs.env, ...secretsOf(inputs, machine), ...extra.env },
    };
    return isJob(unit) ? kind.run?.(unit, own, machine) : kind.start(unit, own, machine);
  };
  return { unit, needs, missing: kind.missing?.(), start };
}

/** The secrets as variables; those that nobody set are left out. */
function secretsOf({ secretEnv }: Inputs<string>, machine: Machine): Record<string, string> {
  const postgres = { host: ADDRESS, port: machine.port(ports.postgres) };
  const texts = Object.entries(secretEnv).map(([variable, name]) => [
    variable,
    secretText(name, machine.values, postgres) ?? "",
  ]);
  return Object.fromEntries(texts.filter(([, text]) => text !== "")) as Record<string, string>;
}

const ADDRESS = "127.0.0.1";

/** Optional settings, by the variables that they are read from. */
const OWN_SETTINGS: Record<OptionalSetting, string> = {
  publicUrl: "TOLLGATE_PUBLIC_URL",
  oauthIssuer: "TOLLGATE_OAUTH_ISSUER",
  traceTexts: "TOLLGATE_TRACE_TEXTS",
};

function resolve(ref: Ref, unit: Unit, machine: Machine): string {
  const at = (name: ServiceName, extra?: string) => machine.port(portOf(name, extra));
  if ("url" in ref) return `${ref.scheme ?? "http"}://${ADDRESS}:${at(ref.url, ref.extra)}${ref.path ?? ""}`;
  if ("publicUrl" in ref) return `http://${ADDRESS}:${at(ref.publicUrl)}`;
  if ("host" in ref) return ADDRESS;
  if ("port" in ref) return String(at(ref.port, ref.extra));
  if ("listen" in ref) return `${ADDRESS}:${at(ref.listen)}`;
  if ("path" in ref) return pathOf(ref.path, unit, machine);
  if ("program" in ref) return programs[ref.program];
  if ("iapAudience" in ref) throw new Error(`${unit.name} is behind no Identity-Aware Proxy here`);
  if ("bucket" in ref) throw new Error(`${unit.name} needs bucket "${ref.bucket}": there are none here`);
  switch (ref.setting) {
    case "environment":
      return "local";
    case "dataSource":
      return "sample";
    case "bindAddress":
      return ADDRESS;
    case "domain":
      return ADDRESS;
    case "publicUrl":
    case "oauthIssuer":
    case "traceTexts":
      return process.env[OWN_SETTINGS[ref.setting]] ?? "";
    case "project":
    case "region":
    case "logSubscription":
    case "sharingServices":
    case "grafanaRoles":
    case "googleClientId":
    case "googleDomains":
    case "langfuseOwner":
    case "withoutPasswords":
    case "withoutSignUp":
      throw new Error(`${unit.name} needs a Google Cloud ${ref.setting}: there is none here`);
  }
}

/** Every port that a service takes on this machine, the one that clients use first. */
export function portsOf({ port, extraPorts = {} }: Service, machine: Pick<Machine, "port">): number[] {
  return [...(port === undefined ? [] : [port]), ...Object.values(extraPorts)].map(machine.port);
}
