import { fixed, times } from "../range";
import { HOURS } from "../usage";
import { UnpricedError, type Item, type Rate } from "./rate";

const SHARED_CORE: Record<string, string> = { "db-f1-micro": "sql.f1-micro", "db-g1-small": "sql.g1-small" };
const CUSTOM = /^db-custom-(\d+)-(\d+)$/;

/** Cloud SQL: the machine and its disk, twice where a standby waits in another zone, and the backups. */
export const postgres: Rate = (resource, usage) => {
  const { tier, availabilityType, diskSize, diskType, edition } = resource.inputs.settings ?? {};
  if (edition !== undefined && edition !== "ENTERPRISE") {
    throw new UnpricedError(
      resource,
      "settings.edition",
      edition,
      "Add its prices to infra/cost/prices.json",
    );
  }
  if (diskType !== undefined && diskType !== "PD_SSD") {
    throw new UnpricedError(
      resource,
      "settings.diskType",
      diskType,
      "Add its price to infra/cost/prices.json",
    );
  }
  const copies = availabilityType === "REGIONAL" ? 2 : 1;
  const also = copies > 1 ? " (and its standby's)" : "";
  const disk = { ...usage.databaseGrowthGiB };
  for (const name of ["low", "expected", "high"] as const) disk[name] += diskSize ?? 10;
  return [
    ...machine(),
    { what: `disk${also}`, price: "sql.ssd", quantity: times(disk, copies) },
    { what: "backups", price: "sql.backup", quantity: usage.databaseBackupGiB },
  ];

  function machine(): Item[] {
    const shared = SHARED_CORE[tier];
    if (shared) return [{ what: `${tier}${also}`, price: shared, quantity: fixed(HOURS * copies) }];
    const [, cpus, mebibytes] = CUSTOM.exec(tier ?? "") ?? [];
    if (!cpus || !mebibytes) {
      throw new UnpricedError(resource, "settings.tier", tier, "Use db-g1-small or db-custom-CPUS-MEBIBYTES");
    }
    return [
      { what: `${cpus} vCPU${also}`, price: "sql.vcpu", quantity: fixed(Number(cpus) * HOURS * copies) },
      {
        what: `memory${also}`,
        price: "sql.memory",
        quantity: fixed((Number(mebibytes) / 1024) * HOURS * copies),
      },
    ];
  }
};

const REDIS_TIERS: Record<string, string> = { BASIC: "basic", STANDARD_HA: "standard" };

/** Memorystore for Redis, by its size; the standard tier's price includes the replica. */
export const redis: Rate = (resource) => {
  const { tier = "BASIC", memorySizeGb } = resource.inputs;
  const name = REDIS_TIERS[tier];
  if (!name) throw new UnpricedError(resource, "tier", tier, "Use BASIC or STANDARD_HA");
  if (!(memorySizeGb >= 1 && memorySizeGb <= 10)) {
    throw new UnpricedError(resource, "memorySizeGb", memorySizeGb, "Add its band to infra/cost/prices.json");
  }
  return [
    {
      what: `${memorySizeGb} GiB, ${name === "standard" ? "with a replica" : "one node"}`,
      price: `redis.${name}.${memorySizeGb <= 4 ? "m1" : "m2"}`,
      quantity: fixed(memorySizeGb * HOURS),
    },
  ];
};
