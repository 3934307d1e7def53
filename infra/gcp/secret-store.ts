import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random/randomBytes";
import { RandomPassword } from "@pulumi/random/randomPassword";
import type { LabelMap } from "../../components/labels";
import { POSTGRES_PORT, type Postgres } from "../../components/postgres";
import type { Redis } from "../../components/redis";
import { Secret } from "../../components/secret";
import {
  DATABASE_CA,
  databaseUrl,
  roleNames,
  secrets,
  type RoleName,
  type SecretName,
  type SecretSource,
} from "../../catalogue";
import { passwordVariables } from "../../catalogue/database-roles";

export interface SecretStoreArgs {
  region: string;
  labels: LabelMap;
  /** Values from the stack's configuration, by secret. */
  configured: Partial<Record<SecretName, pulumi.Output<string>>>;
  postgres: Postgres;
  redis: Record<"redis" | "cache", Redis>;
}

/** Makes each secret of the catalogue when the first service needs it, so that a phase has only the secrets that it uses. */
export class SecretStore extends pulumi.ComponentResource {
  private readonly made = new Map<SecretName, Secret>();

  constructor(
    name: string,
    private readonly args: SecretStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("tollgate:gcp:Secrets", name, {}, opts);
  }

  /** A secret of the catalogue. */
  get(name: SecretName): Secret {
    const known = this.made.get(name);
    if (known) return known;
    const { region, labels } = this.args;
    const value = this.value(name, secrets[name]);
    const secret = new Secret(name, { value, region, labels }, { parent: this });
    this.made.set(name, secret);
    return secret;
  }

  private value(name: SecretName, source: SecretSource): pulumi.Input<string> {
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
        .apply(([host, password]) =>
          databaseUrl(role, client, { host, port: POSTGRES_PORT, password, ca: DATABASE_CA }),
        );
    }
    if ("databasePassword" in source) return postgres.passwordOf(source.databasePassword);
    if ("superuserPassword" in source) return postgres.adminPassword;
    if ("rolePasswords" in source) {
      const passwords = roleNames.map((role) => [role, postgres.passwordOf(role)]);
      return pulumi
        .all(Object.fromEntries(passwords) as Record<RoleName, pulumi.Output<string>>)
        .apply(passwordVariables);
    }
    if ("redisPassword" in source) return redis[source.redisPassword].password;
    if ("certificateOf" in source) return { postgres, ...redis }[source.certificateOf].certificate;
    const value = configured[name];
    if (!value) throw new Error(`tollgate:${source.configured} is missing: set it for phase ${source.phase}`);
    return value;
  }
}
