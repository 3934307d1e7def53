import { catalogue, findService } from "../../catalogue";
import { totalOf, type CostLine } from "./estimate";
import { dollars } from "./money";
import type { DeploymentOption } from "./options";
import type { PriceList } from "./price-list";

const INSTANCE_CPU = "run.cpu.instance";
/** How a container's line begins; what is free of the same price has a line too. */
const CPU_OF = "CPU of ";

/** vCPU that a collector asks for, and a service that the catalogue does not have: the catalogue's smallest. */
const SMALLEST = Math.min(...catalogue.map(({ cpu }) => cpu));

/**
 * Why Cloud Run costs what it costs, in sentences with figures; empty while it is within the design's estimate.
 */
export function whyDearer({ total, design, lines }: DeploymentOption, prices: PriceList): string[] {
  if (total.expected <= design.high) return [];
  const always = lines.filter(({ price, what }) => price === INSTANCE_CPU && what.startsWith(CPU_OF));
  const asked = always.reduce((nanos, { what, quantity }) => {
    const container = what.slice(CPU_OF.length);
    const cpu = findService(container)?.cpu ?? SMALLEST;
    const whole = Math.max(1, Math.ceil(cpu));
    return nanos + prices.cost(INSTANCE_CPU, (quantity.expected * cpu) / whole);
  }, 0);
  const managed = lines.filter(
    ({ price, service }) => /^(sql|redis)\./.test(price) || service === "clickhouse",
  );
  const watching = lines.filter(({ price }) => price.startsWith("monitoring."));
  return [
    `${always.length} containers keep a whole vCPU each between requests: ${amount(always)}; at the 0.1 to 0.5 vCPU that the design counts it would be ${dollars(asked)}, but Cloud Run wants a whole one for CPU that is always on.`,
    `Cloud SQL, Memorystore and the ClickHouse machine: ${amount(managed)}; in containers they would share a machine.`,
    `History and platform metrics at Google, as Cloud Run has no disk: ${amount(watching)}.`,
  ];
}

function amount(lines: CostLine[]): string {
  return dollars(totalOf(lines).expected);
}
