import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue, ports, type Service } from "../../catalogue";
import { paths } from "../../ops/workspace/paths";
import { findTool } from "../processes";
import type { StackSettings } from "./settings";
import { starters, type Starter } from "./starters";

/** A service as the local target sees it: started here, or off with the reason. */
export interface LocalService {
  name: string;
  title: string;
  /** Every port it takes, the one that clients use first. */
  ports: number[];
  dependsOn: string[];
  /** Without it there is no conversation; the others may fail and the stack still serves. */
  required: boolean;
  start?: Starter;
  off?: string;
}

/**
 * Every service of the catalogue, and the two that stand in for what cannot run here: the LLM simulator for the providers,
 * the OTLP sink for Langfuse.
 *
 * @throws Error when the catalogue has a service that is neither started here nor says why not.
 */
export function localServices(settings: StackSettings): LocalService[] {
  const offset = (port: number) => port + settings.portOffset;
  return [
    ...catalogue.map((service) => fromCatalogue(service, offset)),
    {
      name: "llm-simulator",
      title: "LLM simulator (for the providers)",
      ports: [offset(ports.llmSimulator)],
      dependsOn: [],
      required: true,
      ...(settings.provider.kind === "simulator"
        ? { start: starters["llm-simulator"] }
        : { off: providerInUse(settings) }),
    },
    {
      name: "otlp-sink",
      title: "OTLP sink (in Langfuse's place)",
      ports: [offset(ports.langfuse)],
      dependsOn: [],
      required: true,
      start: starters["otlp-sink"],
    },
  ];
}

function fromCatalogue(service: Service, offset: (port: number) => number): LocalService {
  const { name, title, phase, port, extraPorts = {}, dependsOn, targets } = service;
  const common = {
    name,
    title,
    ports: [...(port === undefined ? [] : [port]), ...Object.values(extraPorts)].map(offset),
    dependsOn: dependsOn.map((each) => standIns[each] ?? each),
    required: phase === 1,
  };
  const off = targets?.local ?? missingTool(name);
  if (off) return { ...common, off };
  const start = starters[name];
  if (!start)
    throw new Error(`${name} has neither a starter in local/stack nor a reason in the catalogue to be off`);
  return { ...common, start };
}

/** What does the work here of a service that is off. */
const standIns: Record<string, string> = { cache: "redis", "langfuse-web": "otlp-sink" };

/** Programs that come from the PATH or Debian's packages, which not every machine has. */
const tools: Record<string, string> = { prometheus: "prometheus", alertmanager: "alertmanager" };

function missingTool(service: string): string | undefined {
  const tool = tools[service];
  if (!tool || findTool(tool)) return undefined;
  const outcome = join(paths.tools, "outcome.txt");
  const reason = existsSync(outcome) ? readFileSync(outcome, "utf8") : "";
  return `not on the PATH, and Debian's package could not be unpacked${reason && `: ${reason}`}`;
}

function providerInUse({ provider }: StackSettings): string {
  if (provider.kind === "server")
    return `TOLLGATE_PROVIDER_URL is set: ${new URL(provider.url).origin} answers`;
  if (provider.kind === "real")
    return `${Object.keys(provider.variables).join(", ")} set: the providers answer`;
  return "";
}
