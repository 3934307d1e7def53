import { serviceOf } from "../layers";
import type { Usage } from "../usage";
import { snapshots } from "./compute";
import type { BilledResource, Item } from "./rate";
import { bucketOperations } from "./storage";

/** Items without a resource of the plan, under the name that a report shows. */
export interface StackItems {
  name: string;
  /** Whose it is. Default: the name. */
  service?: string;
  items: Item[];
}

const DISK = "gcp:compute/disk:Disk";
const SCHEDULE = "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment";
const RUN = "gcp:cloudrunv2/service:Service";

/** What a stack as a whole is billed for: traffic, logs, metrics and operations, where it has something that causes them. */
export function stackItems(resources: BilledResource[], usage: Usage): StackItems[] {
  const has = (type: string, name?: string) =>
    resources.some((each) => each.type === type && (name === undefined || each.name === name));
  const runs = (container: string) =>
    resources.some(({ inputs }) =>
      ((inputs.template?.containers ?? []) as { name?: string }[]).some(({ name }) => name === container),
    );
  const one = (price: string, what: string, quantity: Item["quantity"]): Item => ({ what, price, quantity });
  const found: StackItems[] = [
    { name: "internet", items: [one("egress.internet", "data to the internet", usage.internetGiB)] },
    { name: "buckets", items: bucketOperations(usage) },
    { name: "secrets", items: [one("secrets.access", "accesses", usage.secretAccesses)] },
    { name: "dns", items: [one("dns.query", "queries", usage.dnsQueries)] },
  ];
  if (has(SCHEDULE)) {
    for (const disk of resources.filter(({ type }) => type === DISK)) {
      found.push({ name: disk.name, service: serviceOf(disk), items: snapshots(disk, usage) });
    }
  }
  // On one machine lines stay in Docker's files.
  if (has(RUN)) {
    found.push({ name: "logs", items: [one("logging.storage", "lines in Cloud Logging", usage.logGiB)] });
  }
  if (runs("langfuse-worker")) {
    const items = [
      one("llm.judge.input", "tokens that judges read", usage.judgeInput),
      one("llm.judge.output", "tokens that judges write", usage.judgeOutput),
    ];
    found.push({ name: "langfuse-worker", items });
  }
  if (runs("cloud-metrics")) {
    const items = [
      one("monitoring.read", "platform metrics read", usage.seriesRead),
      one("monitoring.samples", "samples kept at Google", usage.samples),
    ];
    found.push({ name: "cloud-metrics", items });
  }
  return found;
}
