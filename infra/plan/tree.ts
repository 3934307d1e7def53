import type { Plan } from ".";
import type { PlannedResource } from "./monitor";

type Describe = (inputs: Record<string, any>) => string; // eslint-disable-line @typescript-eslint/no-explicit-any

interface Container {
  name: string;
  image: string;
  resources: { limits: { cpu: string; memory: string }; cpuIdle?: boolean };
}

/** As "100m vCPU 128Mi". */
const sizes = ({ resources: { limits } }: Container) => `${limits.cpu} vCPU ${limits.memory}`;

const isExternal = (each: { accessConfigs?: unknown; ipv6AccessConfigs?: unknown }) =>
  each.accessConfigs !== undefined || each.ipv6AccessConfigs !== undefined;

/** What a reviewer wants to know of a resource, on one line. */
const DESCRIPTIONS: Record<string, Describe> = {
  "gcp:cloudrunv2/service:Service": ({ ingress, iapEnabled, template }) => {
    const [container, ...sidecars] = template.containers as [Container, ...Container[]];
    const { minInstanceCount, maxInstanceCount } = template.scaling;
    return [
      ingress === "INGRESS_TRAFFIC_INTERNAL_ONLY" ? "internal" : iapEnabled ? "operators (IAP)" : "PUBLIC",
      `${minInstanceCount}-${maxInstanceCount} instances`,
      sizes(container),
      container.resources.cpuIdle ? "CPU on requests" : "CPU always",
      ...sidecars.map((each) => `+ ${each.name} ${sizes(each)}`),
      container.image,
    ].join(", ");
  },
  "gcp:cloudrunv2/workerPool:WorkerPool": ({ scaling, template }) =>
    [
      "nothing reaches it",
      `${scaling.manualInstanceCount} instance`,
      ...(template.containers as Container[]).map((each) => `${each.name} ${sizes(each)}`),
    ].join(", "),
  "gcp:cloudrunv2/job:Job": ({ runExecutionToken, template }) =>
    `run ${runExecutionToken}, ${template.template.containers[0].image}`,
  "gcp:sql/databaseInstance:DatabaseInstance": ({ databaseVersion, settings, deletionProtection }) =>
    `${databaseVersion} ${settings.tier} ${settings.availabilityType}, ${settings.ipConfiguration.sslMode}, ${protection(deletionProtection)}`,
  "gcp:redis/instance:Instance": ({ tier, memorySizeGb, redisConfigs, deletionProtection }) =>
    `${tier} ${memorySizeGb} GiB, ${redisConfigs["maxmemory-policy"]}, ${protection(deletionProtection)}`,
  "gcp:compute/instance:Instance": ({ machineType, zone, networkInterfaces, deletionProtection }) =>
    `${machineType} in ${zone}, ${networkInterfaces.some(isExternal) ? "EXTERNAL ADDRESS" : "no external address"}, ${protection(deletionProtection)}`,
  "gcp:compute/disk:Disk": ({ type, size }) => `${type} ${size} GiB`,
  "gcp:storage/bucket:Bucket": ({ name, publicAccessPrevention, forceDestroy }) =>
    `${name}, public access ${publicAccessPrevention}, ${forceDestroy ? "deleted with its objects" : "kept while not empty"}`,
  "tollgate:gcp:Workload": ({ roles }) => `${roles.length} roles`,
  "tollgate:gcp:ConfigFiles": ({ folder }) => folder,
};

/** Resources that are covered by their parent's line: showing each would hide the rest. */
const QUIET = ["gcp:projects/service:Service", "gcp:secretmanager/", "gcp:storage/bucketObject:", "random:"];

function protection(on: boolean): string {
  return on ? "protected" : "not protected";
}

/** The plan as a tree: components, what is in them, and the properties that matter. */
export function renderTree({ stack, resources, outputs }: Plan): string {
  const children = new Map<string | undefined, PlannedResource[]>();
  for (const resource of resources) {
    const siblings = children.get(resource.parent) ?? [];
    children.set(resource.parent, [...siblings, resource]);
  }
  const lines = [`${stack}: ${resources.length} resources`];
  const visit = (parent: string | undefined, indent: string) => {
    for (const resource of children.get(parent) ?? []) {
      if (QUIET.some((prefix) => resource.type.startsWith(prefix))) continue;
      const detail = DESCRIPTIONS[resource.type]?.(resource.inputs);
      lines.push(`${indent}${shortType(resource.type)} ${resource.name}${detail ? `: ${detail}` : ""}`);
      if (resource.type === "tollgate:gcp:Gateway") lines.push(...budgets(resource, `${indent}    `));
      visit(`${resource.type}::${resource.name}`, `${indent}  `);
    }
  };
  visit(undefined, "  ");
  lines.push(`  outputs: ${outputs.join(", ")}`);
  return lines.join("\n");
}

function budgets({ inputs }: PlannedResource, indent: string): string[] {
  const tiers = inputs["budgets"] as Record<string, { monthlyBudget: string; price: string; share: number }>;
  return Object.entries(tiers).map(
    ([tier, { monthlyBudget, price, share }]) =>
      `${indent}${tier}: monthly budget ${monthlyBudget} of ${price} (${share} %)`,
  );
}

function shortType(type: string): string {
  return type.split(":").pop()!;
}
