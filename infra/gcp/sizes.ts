import { z } from "zod";

const whole = z.int().positive();

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
  /** Of services that scale with their requests. */
  minInstances: z.int().nonnegative(),
  /** At most this many vCPU of the region's quota (docs/limits.md) for each of those services. */
  maxInstances: whole,
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
    minInstances: 0,
    maxInstances: 2,
  },
  prod: {
    protect: true,
    highAvailability: true,
    postgresTier: "db-custom-2-7680",
    postgresConnections: 400,
    ownCache: true,
    redisGiB: 1,
    clickhouseMachine: "e2-standard-2",
    clickhouseMemoryMiB: 6144,
    clickhouseDiskGiB: 100,
    clickhouseZone: "b",
    minInstances: 1,
    maxInstances: 5,
  },
};
