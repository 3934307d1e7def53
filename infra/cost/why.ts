import { findService } from "../../catalogue";
import { totalOf, type CostLine } from "./estimate";
import { dollars } from "./money";
import type { DeploymentOption } from "./options";
import { SECONDS } from "./usage";

/**
 * Why Cloud Run costs what it costs, in sentences with figures; empty while it is within the design's estimate.
 */
export function whyExpensive({ total, design, lines }: DeploymentOption): string[] {
  if (total.expected <= design.high) return [];
  const always = lines.filter(({ price }) => /^run\.((cpu|memory)\.instance|pool\.)/.test(price));
  const cpu = always.filter(({ price }) => /\.cpu/.test(price));
  const vcpu = cpu.reduce((sum, { quantity }) => sum + Math.max(0, quantity.expected), 0) / SECONDS;
  const managed = lines.filter(
    ({ price, service }) => /^(sql|redis)\./.test(price) || findService(service)?.managed === "machine",
  );
  const watching = lines.filter(({ price }) => price.startsWith("monitoring."));
  return [
    `What scrapes, watches and works on queues keeps ${vcpu.toFixed(1)} vCPU and its memory between requests: ${amount(always)}.`,
    `Cloud SQL, Memorystore and the ClickHouse machine: ${amount(managed)}; in containers they would share a machine.`,
    `History and platform metrics at Google, as Cloud Run has no disk: ${amount(watching)}.`,
  ];
}

function amount(lines: CostLine[]): string {
  return dollars(totalOf(lines).expected);
}
