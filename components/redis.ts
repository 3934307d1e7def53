import * as pulumi from "@pulumi/pulumi";
import { Instance } from "@pulumi/gcp/redis/instance";
import type { LabelMap } from "./labels";

export interface RedisArgs {
  region: pulumi.Input<string>;
  labels: LabelMap;
  networkId: pulumi.Input<string>;
  /** The network's private services connection; the instance waits for it. */
  privateServices: pulumi.Resource;
  /** What happens when memory is full: a queue must refuse (`noeviction`), a cache forgets (`allkeys-lru`). */
  whenFull: "noeviction" | "allkeys-lru";
  /** GiB. Default 1, the smallest. */
  memoryGiB?: pulumi.Input<number>;
  /** A replica that takes over. Default false. */
  highAvailability?: boolean;
  /** Refuse to delete the instance. Default true. */
  deletionProtection?: boolean;
}

/**
 * Memorystore for Redis 7.2 with a password and TLS, on a private address.
 *
 * @example
 * ```ts
 * import { Redis } from "./components/redis";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * const cache = new Redis("cache", {
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "cache", 1),
 *   networkId: network.networkId,
 *   privateServices: network.privateServices,
 *   whenFull: "allkeys-lru",
 * });
 * ```
 */
export class Redis extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  /** 6378: with TLS Memorystore does not listen on 6379. */
  readonly port: pulumi.Output<string>;
  readonly password: pulumi.Output<string>;
  /** The certificate authority that clients check the server by, PEM. */
  readonly certificate: pulumi.Output<string>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    const { memoryGiB = 1, highAvailability = false, deletionProtection = true, whenFull } = args;
    super("tollgate:gcp:Redis", name, { memoryGiB, highAvailability, deletionProtection, whenFull }, opts);
    const instance = new Instance(
      name,
      {
        region: args.region,
        labels: args.labels,
        tier: highAvailability ? "STANDARD_HA" : "BASIC",
        memorySizeGb: memoryGiB,
        redisVersion: "REDIS_7_2",
        authorizedNetwork: args.networkId,
        connectMode: "PRIVATE_SERVICE_ACCESS",
        authEnabled: true,
        transitEncryptionMode: "SERVER_AUTHENTICATION",
        redisConfigs: { "maxmemory-policy": whenFull },
        deletionProtection,
      },
      { parent: this, dependsOn: [args.privateServices] },
    );
    this.host = instance.host;
    this.port = instance.port.apply(String);
    this.password = pulumi.secret(instance.authString);
    this.certificate = instance.serverCaCerts.apply((certificates) =>
      certificates.map(({ cert }) => cert).join("\n"),
    );
    this.registerOutputs({ host: this.host, port: this.port });
  }
}
