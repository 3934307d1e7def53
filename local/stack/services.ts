import { catalogue, isJob, type Service, type Unit } from "../../catalogue";
import { startAll } from "../../catalogue/target";
import { logFile, paths } from "../../ops/workspace/paths";
import type { Running } from "../processes";
import {
  localTarget,
  portsOf,
  simulatorOn,
  SUBSTITUTES,
  whyNotHere,
  type LocalUnit,
  type Machine,
} from "../target";
import { configFolders } from "./config-folders";
import { gatewayExtra, providerInUse } from "./provider";
import { portOf, type StackSettings } from "./settings";

/** A service or a job as the local stack sees it: started here, or off with the reason. */
export interface LocalService {
  name: string;
  title: string;
  /** Every port it takes, the one that clients use first; none for a job. */
  ports: number[];
  dependsOn: string[];
  /** Without it there is no conversation; the others may fail and the stack still serves. */
  required: boolean;
  /** Starts once the others are up; nothing waits for it. */
  later?: true;
  /** Resolves when a service is ready, or a job is done. */
  start?: () => Promise<Running | undefined>;
  off?: string;
}

/**
 * Every service and job of the catalogue, what stands in for those that cannot run here, and the LLM simulator for the
 * providers.
 */
export function localServices(settings: StackSettings): LocalService[] {
  const machine = machineOf(settings);
  const here = startAll(localTarget(machine));
  const off = catalogue.filter(({ name }) => !here.has(name));
  const simulated = settings.provider.kind === "simulator";
  return [
    ...[...here.values()].map((each) => fromCatalogue(each, machine)),
    ...off.map((each) => ({ ...common(each, machine), dependsOn: [], off: whyNotHere(each) })),
    {
      name: "llm-simulator",
      title: "LLM simulator (for the providers)",
      ports: [portOf(settings, "llmSimulator")],
      dependsOn: [],
      required: true,
      ...(simulated ? { start: () => simulatorOn(machine) } : { off: providerInUse(settings) }),
    },
    ...catalogue.flatMap((each) => substituteOf(each, machine)),
  ];
}

/** What answers at a service's port while that cannot run here. */
function substituteOf(service: Service, machine: Machine): LocalService[] {
  if (!service.substitute) return [];
  const { name, title } = service.substitute;
  const { required } = common(service, machine);
  return [
    {
      ...{ name, title, required, dependsOn: [], ports: portsOf(service, machine) },
      ...(required ? {} : { later: true }),
      ...(whyNotHere(service)
        ? { start: () => SUBSTITUTES[name](machine) }
        : { off: `${service.title} itself runs` }),
    },
  ];
}

function fromCatalogue({ unit, needs, missing, start }: LocalUnit, machine: Machine): LocalService {
  const dependsOn = needs.map(({ name }) => name);
  return { ...common(unit, machine), dependsOn, ...(missing ? { off: missing } : { start }) };
}

function common(unit: Unit, machine: Machine) {
  const { name, title, phase } = unit;
  return { name, title, ports: isJob(unit) ? [] : portsOf(unit, machine), required: phase === 1 };
}

/** This machine for one run of the stack. */
export function machineOf(settings: StackSettings): Machine {
  return {
    data: paths.data,
    logFile,
    port: (catalogued) => catalogued + settings.portOffset,
    values: settings.secrets.values,
    folders: configFolders(settings),
    extra: {
      alloy: () => ({ env: { LOG_FOLDER: paths.logs } }),
      gateway: () => gatewayExtra(settings, `http://127.0.0.1:${portOf(settings, "llmSimulator")}`),
    },
  };
}
