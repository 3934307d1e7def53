import { z } from "zod";

/** Machines of Compute Engine whose price is known: vCPUs that are billed (shared-core machines show two), and GiB. */
export const MACHINES: Record<string, { cpus: number; memory: number }> = {
  "e2-micro": { cpus: 0.25, memory: 1 },
  "e2-small": { cpus: 0.5, memory: 2 },
  "e2-medium": { cpus: 1, memory: 4 },
  "e2-standard-2": { cpus: 2, memory: 8 },
  "e2-standard-4": { cpus: 4, memory: 16 },
  "e2-standard-8": { cpus: 8, memory: 32 },
};

/** MiB of a machine that its system and the programs outside the container take. */
const SYSTEM_MIB = 512;

/** MiB that ClickHouse may have on a machine. */
export function memoryForClickHouse(machine: string): number {
  return MACHINES[machine]!.memory * 1024 - SYSTEM_MIB;
}

/** Whether Cloud SQL's Enterprise edition has a machine: https://cloud.google.com/sql/docs/postgres/machine-series-overview */
export function isDatabaseTier(tier: string): boolean {
  const [, cpu, mib] = (/^db-custom-(\d+)-(\d+)$/.exec(tier) ?? []).map(Number);
  if (cpu === undefined || mib === undefined) return /^db-(f1-micro|g1-small)$/.test(tier);
  const fits = (cpu === 1 || cpu % 2 === 0) && cpu > 0 && cpu <= 96 && mib % 256 === 0 && mib >= 3840;
  return fits && mib >= cpu * 921.6 && mib <= cpu * 6656;
}

/** The least vCPU for so much memory: https://cloud.google.com/run/docs/configuring/services/memory-limits */
export function cpuForMemory(mib: number): number {
  if (mib > 24 * 1024) return 8;
  if (mib > 16 * 1024) return 6;
  if (mib > 8 * 1024) return 4;
  if (mib > 4 * 1024) return 2;
  if (mib > 1024) return 1;
  return mib > 512 ? 0.5 : 0.08;
}

const between = (least: number, most: number) => z.int().min(least).max(most);

/**
 * How containers share instances of Cloud Run. `apart`: each service has its own, and each container a whole vCPU, as Google
 * documents for a single container. `grouped`: services that fail together share one. `packed`: all that may share one do.
 */
export const LAYOUTS = ["apart", "grouped", "packed"] as const;
export type Layout = (typeof LAYOUTS)[number];

/**
 * An instance that several services share, or one that is reached at several ports: a service of Cloud Run, or a worker pool
 * where nothing comes in.
 */
export type SharedInstance = "watch" | "traces" | "workers";

export const SHARED_INSTANCES: readonly SharedInstance[] = ["watch", "traces", "workers"];

/**
 * How large and how protected a stack is: each is a setting, `tollgate:sizes.<name>`. A dev stack costs little and can be
 * thrown away; a prod stack survives the loss of a zone and a typing error.
 */
export const sizesSchema = z.strictObject({
  /** Refuse to delete what holds data; keep buckets that are not empty. */
  protect: z.boolean(),
  highAvailability: z.boolean(),
  postgresTier: z
    .string()
    .refine(
      isDatabaseTier,
      "must be a machine type of Cloud SQL's Enterprise edition: db-g1-small, or db-custom-CPUS-MIB with 1 or an even number of CPUs and 0.9 to 6.5 GiB for each, in steps of 256 MiB, 3840 at least",
    ),
  /** Sum of the pools that `maxInstances` of every service may open, with a reserve. */
  postgresConnections: between(50, 262_143),
  /** LiteLLM's cache in its own Redis, which forgets when it is full. */
  ownCache: z.boolean(),
  redisGiB: between(1, 300),
  clickhouseMachine: z.enum(Object.keys(MACHINES) as [string, ...string[]]),
  clickhouseMemoryMiB: between(1024, 1_048_576),
  clickhouseDiskGiB: between(10, 65_536),
  /** Letter of the zone in the region where the machine and its disk are. */
  clickhouseZone: z.string().regex(/^[a-z]$/, "must be the letter alone of a zone of the region, such as b"),
  layout: z.enum(LAYOUTS),
  /** MiB of memory for the files of a service whose volume is memory on Cloud Run. */
  filesMiB: between(128, 2048),
  /** Everything leaves by one address, through a NAT. Without it only what stays inside leaves through the network. */
  nat: z.boolean(),
  /** Of services that customers' requests wait for. */
  minInstances: between(0, 1000),
  /** Of the same services: all together stay below the region's quota of vCPU (docs/limits.md). */
  maxInstances: between(1, 1000),
  /** Services that scale have CPU between requests too. */
  cpuBetweenRequests: z.boolean(),
});

export type Sizes = z.output<typeof sizesSchema>;

export const sizes: Record<"dev" | "prod", Sizes> = {
  dev: {
    protect: false,
    highAvailability: false,
    postgresTier: "db-g1-small",
    postgresConnections: 100,
    ownCache: false,
    redisGiB: 1,
    clickhouseMachine: "e2-small",
    clickhouseMemoryMiB: 1536,
    clickhouseDiskGiB: 20,
    clickhouseZone: "b",
    layout: "packed",
    filesMiB: 192,
    nat: false,
    minInstances: 0,
    maxInstances: 2,
    cpuBetweenRequests: false,
  },
  prod: {
    protect: true,
    highAvailability: true,
    postgresTier: "db-custom-1-3840",
    postgresConnections: 300,
    ownCache: false,
    redisGiB: 1,
    clickhouseMachine: "e2-standard-2",
    clickhouseMemoryMiB: 6144,
    clickhouseDiskGiB: 50,
    clickhouseZone: "b",
    layout: "grouped",
    filesMiB: 512,
    nat: true,
    minInstances: 1,
    maxInstances: 4,
    cpuBetweenRequests: false,
  },
};

/** MiB that an instance of the second generation takes at least. */
export const LEAST_MIB = 512;

/** vCPU and MiB of a sidecar: a whole vCPU in the layout `apart`. */
export function sizeBeside(
  { cpu, memoryMiB }: { cpu: number; memoryMiB: number },
  { layout }: Pick<Sizes, "layout">,
): { cpu: number; memoryMiB: number } {
  return layout === "apart"
    ? { cpu: Math.max(1, cpu), memoryMiB: Math.max(LEAST_MIB, memoryMiB) }
    : { cpu, memoryMiB };
}

/** Whether a service keeps files in memory on Cloud Run: in none of its volumes when each is a mounted bucket. */
export function inMemory(volumes: readonly { bucket?: string }[] = []): boolean {
  return volumes.some(({ bucket }) => bucket === undefined);
}
