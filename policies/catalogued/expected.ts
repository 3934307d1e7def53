import {
  catalogue,
  collector,
  isJob,
  jobs,
  router,
  service,
  type ImageName,
  type ServiceName,
  type Unit,
} from "../../catalogue";
import { bucketMountsOf, inputsOf, resolveText } from "../../catalogue/target";
import { collectorContainer } from "../../components/run/collector";
import { namesOfRunner, routedMembers } from "../../infra/gcp/instances";
import { ROUTER, routesTo, TEMPLATES } from "../../infra/gcp/shared-instance";
import { SHARED_INSTANCES, type SharedInstance } from "../../infra/gcp/sizes";
import { bucketNamed, exactly, ofStack, patterns, secretNamed, type Pattern } from "./patterns";
import { stackConfig, stackUnits } from "../stack-settings";

/** What a container of Cloud Run is by the catalogue. Whatever is not named here it does not have. */
export interface Expected {
  image: ImageName;
  command?: Pattern[];
  args?: Pattern[];
  env: Record<string, Pattern>;
  /** Variables that the stack has; where it is not known, those that every stack has. */
  required: string[];
  /** Name of the secret by the variable's. */
  secretEnv: Record<string, Pattern>;
  mounts: Record<string, ExpectedMount>;
  /** The paths that say when it is ready and when it lives; none: it is not asked. */
  ready?: string;
  live?: string;
  port?: number;
}

export type ExpectedMount = { folder: string } | { bucket: Pattern } | { secret: Pattern; file: string };

const COLLECTOR = "collector";

/**
 * What the catalogue has under the name of a container.
 *
 * @param workload Such as `tollgate-watch`.
 * @returns none where the catalogue has no such container in this workload.
 */
export function expectedOf(workload: string, container: string): Expected | undefined {
  const runner = workload.replace(/^tollgate-/, "");
  const shared = SHARED_INSTANCES.find((name) => name === runner);
  if (container === ROUTER && shared) return routerOf(shared);
  if (container === COLLECTOR) {
    const scraped = catalogue.find(
      ({ name, operatorTwin }) => name === runner || operatorTwin?.name === runner,
    );
    return scraped && collectorOf(scraped.name);
  }
  const unit = [...catalogue, ...jobs].find(
    (each) => each.name === container || (!isJob(each) && each.operatorTwin?.name === container),
  );
  return unit && runnersOf(unit).includes(runner) ? unitOf(unit) : undefined;
}

/** Every name of Cloud Run's workloads that may run a unit. */
export function runnersOf(unit: Unit): string[] {
  if (unit.targets?.gcp) return [];
  if (isJob(unit)) return [unit.name];
  return [...namesOfRunner(unit.name), ...(unit.operatorTwin ? [unit.operatorTwin.name] : [])];
}

function unitOf(unit: Unit): Expected {
  const isKnown = stackUnits() !== undefined;
  const { env, secretEnv, secretFiles, command, args } = inputsOf(unit, isKnown ? ofStack() : patterns);
  const { command: keeper, args: more } = (isJob(unit) ? undefined : unit.withoutDisk) ?? {};
  return {
    image: unit.image,
    command: command ?? keeper?.map(exactly),
    args: args && [...args, ...(more?.(0) ?? []).map((each) => exactly(each).replace(/\d+/g, "\\d+"))],
    env,
    required: Object.keys(isKnown ? { ...env, ...secretEnv } : inputsOf(unit, ofStack()).env),
    ...(isJob(unit) ? {} : { ready: unit.probe?.path, live: unit.probe?.livePath, port: unit.port }),
    secretEnv: Object.fromEntries(Object.entries(secretEnv).map(([as, name]) => [as, secretNamed(name)])),
    mounts: {
      ...Object.fromEntries(
        Object.entries(unit.configFiles ?? {}).map(([path, folder]) => [path, { folder }]),
      ),
      ...Object.fromEntries(
        Object.entries(bucketMountsOf(unit)).map(([path, name]) => [path, { bucket: bucketNamed(name) }]),
      ),
      ...Object.fromEntries(
        Object.entries(secretFiles).map(([path, name]) => {
          const at = path.lastIndexOf("/");
          return [path.slice(0, at), { secret: secretNamed(name), file: path.slice(at + 1) }];
        }),
      ),
    },
  };
}

function collectorOf(name: ServiceName): Expected | undefined {
  const { metrics } = service(name);
  if (!metrics) return undefined;
  const URL = "PROMETHEUS_URL";
  const {
    args = [],
    env = {},
    files = {},
  } = collectorContainer({
    service: name,
    image: "",
    metrics,
    prometheusUrl: "",
    config: { bucket: "", folder: COLLECTOR },
    cpu: 1,
    memoryMiB: 1,
  });
  const texts = Object.entries(env).map(([as, value]) => [as, exactly(value as string)] as const);
  return {
    image: collector.image,
    args: (args as string[]).map(exactly),
    env: {
      ...Object.fromEntries(texts),
      [URL]: resolveText({ url: collector.pushesTo }, service(name), patterns),
    },
    required: texts.map(([as]) => as),
    secretEnv: {},
    mounts: Object.fromEntries(Object.keys(files).map((path) => [path, { folder: COLLECTOR }])),
  };
}

function routerOf(instance: SharedInstance): Expected {
  const config = stackConfig();
  // Which services are behind it depends on the layout.
  const any = () => `((${routesTo([...catalogue]).replaceAll("; ", ";|")})( |$))+`;
  return {
    image: router.image,
    env: { ROUTES: config ? exactly(routesTo(routedMembers(instance, config))) : any() },
    required: ["ROUTES"],
    secretEnv: {},
    mounts: { [TEMPLATES]: { folder: "router" } },
    ready: router.health,
    live: router.health,
    port: router.port,
  };
}
