import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random/randomBytes";
import { RandomPassword } from "@pulumi/random/randomPassword";
import type { LabelMap } from "../../components/labels";
import type { Postgres } from "../../components/postgres";
import type { Redis } from "../../components/redis";
import { Secret } from "../../components/secret";
import { DATABASE_CA, databaseUrl, secrets, type SecretSource } from "../../catalogue";

export interface SecretStoreArgs {
  region: string;
  labels: LabelMap;
  /** Values that the stack's configuration gives, by secret. */
  configured: Record<string, pulumi.Output<string>>;
  postgres: Postgres;
  redis: Record<"redis" | "cache", Redis>;
}

/** Makes each secret of the catalogue when the first service asks for it: a phase has the secrets that it uses. */
export class SecretStore extends pulumi.ComponentResource {
  private readonly made = new Map<string, Secret>();

  constructor(
    name: string,
    private readonly args: SecretStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("tollgate:gcp:Secrets", name, {}, opts);
  }

  /**
   * A secret of the catalogue.
   *
   * @throws Error when the catalogue has none of that name.
   */
  get(name: string): Secret {
    const source = secrets[name];
    if (!source) throw new Error(`"${name}" is no secret: name one of ${Object.keys(secrets).join(", ")}`);
    return this.of(name, () => this.value(name, source));
  }

  /** A secret of this target alone. */
  of(name: string, value: () => pulumi.Input<string>): Secret {
    const known = this.made.get(name);
    if (known) return known;
    const { region, labels } = this.args;
    const secret = new Secret(name, { value: value(), region, labels }, { parent: this });
    this.made.set(name, secret);
    return secret;
  }

  private value(name: string, source: SecretSource): pulumi.Input<string> {
    const { postgres, redis, configured } = this.args;
    if ("random" in source) {
      const { length, prefix = "" } = source.random;
      const password = new RandomPassword(name, { length, special: false }, { parent: this });
      return pulumi.interpolate`${prefix}${password.result}`;
    }
    if ("randomHex" in source)
      return new RandomBytes(name, { length: source.randomHex.bytes }, { parent: this }).hex;
    if ("databaseUrl" in source) {
      const { databaseUrl: role, client } = source;
      return pulumi
        .all([postgres.host, postgres.passwordOf(role)])
        .apply(([host, password]) => databaseUrl(role, client, { host, password, ca: DATABASE_CA }));
    }
    if ("databasePassword" in source) return postgres.passwordOf(source.databasePassword);
    if ("redisPassword" in source) return redis[source.redisPassword].password;
    if ("certificateOf" in source)
      return source.certificateOf === "postgres"
        ? postgres.certificate
        : redis[source.certificateOf].certificate;
    const value = configured[name];
    if (!value) throw new Error(`tollgate:${source.configured} is missing: set it for phase ${source.phase}`);
    return value;
  }
}
