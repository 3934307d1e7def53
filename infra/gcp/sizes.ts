import { z } from "zod";

const whole = z.int().positive();

/**
 * How containers share instances of Cloud Run. `apart`: each service has its own, and each container a whole vCPU, as Google
 * documents for a single container. `grouped`: what fails together shares one. `packed`: whatever may share does.
 */
export const LAYOUTS = ["apart", "grouped", "packed"] as const;
export type Layout = (typeof LAYOUTS)[number];

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
    .regex(
      /^db-(f1-micro|g1-small|custom-\d+-\d+)$/,
      "must be a machine type of Cloud SQL's Enterprise edition: db-g1-small or db-custom-CPUS-MIB",
    ),
  /** Sum of the pools that `maxInstances` of every service may open, with a reserve. */
  postgresConnections: whole.min(50),
  /** LiteLLM's cache in a Redis of its own, which forgets when it is full. */
  ownCache: z.boolean(),
  redisGiB: whole.max(300),
  clickhouseMachine: z
    .string()
    .regex(/^[a-z]\d[a-z]?-[a-z0-9-]+$/, "must be a machine type, such as e2-standard-2"),
  clickhouseMemoryMiB: whole.min(1024),
  clickhouseDiskGiB: whole.min(10),
  /** Letter of the zone in the region where the machine and its disk are. */
  clickhouseZone: z.string().regex(/^[a-f]$/, "must be the letter of a zone of the region, such as b"),
  layout: z.enum(LAYOUTS),
  /** MiB of memory for the files of a service whose volume is memory on Cloud Run. */
  filesMiB: whole.min(128),
  /** Everything leaves by one address, through a NAT. Without it only what stays inside leaves through the network. */
  nat: z.boolean(),
  /** Of services that customers' requests wait for. */
  minInstances: z.int().nonnegative(),
  /** Of the same services: all together stay below the region's quota of vCPU (docs/limits.md). */
  maxInstances: whole,
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

/** Whether a service keeps files in memory on Cloud Run: in none of its volumes when each is a mounted bucket. */
export function inMemory(volumes: readonly { bucket?: string }[] = []): boolean {
  return volumes.some(({ bucket }) => bucket === undefined);
}
