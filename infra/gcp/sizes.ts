import type { Environment } from "../config";

/** How large and how protected an environment is. Dev costs little and can be thrown away; prod survives a zone and a typo. */
export interface Sizes {
  /** Refuse to delete what holds data; keep buckets that are not empty. */
  protect: boolean;
  highAvailability: boolean;
  postgresTier: string;
  /** Sum of the pools that `maxInstances` of every service may open, with a reserve. */
  postgresConnections: number;
  /** LiteLLM's cache in a Redis of its own, that forgets when it is full. */
  ownCache: boolean;
  redisGiB: number;
  clickhouseMachine: string;
  clickhouseMemoryMiB: number;
  clickhouseDiskGiB: number;
  /** Of services that scale with their requests. */
  minInstances: number;
  maxInstances: number;
}

export const sizes: Record<Environment, Sizes> = {
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
    minInstances: 0,
    maxInstances: 3,
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
    minInstances: 1,
    maxInstances: 20,
  },
};
