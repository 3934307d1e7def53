import * as pulumi from "@pulumi/pulumi";
import { Database } from "@pulumi/gcp/sql/database";
import { DatabaseInstance } from "@pulumi/gcp/sql/databaseInstance";
import { User } from "@pulumi/gcp/sql/user";
import { RandomPassword } from "@pulumi/random/randomPassword";
import type { LabelMap } from "./labels";

export interface PostgresArgs {
  region: pulumi.Input<string>;
  labels: LabelMap;
  networkId: pulumi.Input<string>;
  /** The network's private services connection; the instance waits for it. */
  privateServices: pulumi.Resource;
  /** Databases to create; their owners and roles are made by the roles' job. */
  databases: string[];
  /** Roles that log in: each gets a password. */
  roles: string[];
  /** Machine type. Default `db-g1-small`. */
  tier?: pulumi.Input<string>;
  /** GiB at the start; it grows by itself. Default 10. */
  diskGiB?: pulumi.Input<number>;
  /** Connections at most. Default 100: the sum of what the services' pools may take, with a reserve. */
  maxConnections?: number;
  /** A standby in another zone. Default false. */
  highAvailability?: boolean;
  /** Refuse to delete the instance. Default true. */
  deletionProtection?: boolean;
  /** Office hours stop and start it, which does not count as drift. Default false. */
  sleeps?: boolean;
}

/** The port of every Cloud SQL instance. */
export const POSTGRES_PORT = 5432;

/**
 * Cloud SQL Postgres 16 without a public address: TLS only, daily backups and point-in-time recovery.
 *
 * The API would make every user a member of `cloudsqlsuperuser`. So it makes only `postgres`, and the roles' job makes the
 * roles that services use, each limited to its own database.
 *
 * @example
 * ```ts
 * import { Postgres } from "./components/postgres";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * const postgres = new Postgres("postgres", {
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "postgres", 1),
 *   networkId: network.networkId,
 *   privateServices: network.privateServices,
 *   databases: ["ledger"],
 *   roles: ["ledger_owner"],
 * });
 * export const password = postgres.passwordOf("ledger_owner");
 * ```
 */
export class Postgres extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly connectionName: pulumi.Output<string>;
  readonly instanceName: pulumi.Output<string>;
  readonly adminPassword: pulumi.Output<string>;
  /** The instance's own certificate authority, PEM. */
  readonly certificate: pulumi.Output<string>;
  private readonly passwords: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    const { tier = "db-g1-small", diskGiB = 10, maxConnections = 100 } = args;
    const { highAvailability = false, deletionProtection = true } = args;
    super(
      "tollgate:gcp:Postgres",
      name,
      { tier, diskGiB, highAvailability, deletionProtection, databases: args.databases },
      opts,
    );
    const child = { parent: this };

    const instance = new DatabaseInstance(
      name,
      {
        databaseVersion: "POSTGRES_16",
        region: args.region,
        deletionProtection,
        settings: {
          tier,
          edition: "ENTERPRISE",
          availabilityType: highAvailability ? "REGIONAL" : "ZONAL",
          diskSize: diskGiB,
          diskType: "PD_SSD",
          diskAutoresize: true,
          deletionProtectionEnabled: deletionProtection,
          userLabels: args.labels,
          ipConfiguration: {
            ipv4Enabled: false,
            privateNetwork: args.networkId,
            sslMode: "ENCRYPTED_ONLY",
            // An authority of the instance: clients get its certificate and check by that.
            serverCaMode: "GOOGLE_MANAGED_INTERNAL_CA",
          },
          backupConfiguration: {
            enabled: true,
            startTime: "02:00",
            pointInTimeRecoveryEnabled: true,
            transactionLogRetentionDays: 7,
            backupRetentionSettings: { retainedBackups: 14, retentionUnit: "COUNT" },
          },
          maintenanceWindow: { day: 7, hour: 3, updateTrack: "stable" },
          databaseFlags: [{ name: "max_connections", value: String(maxConnections) }],
        },
      },
      {
        ...child,
        dependsOn: [args.privateServices],
        ...(args.sleeps ? { ignoreChanges: ["settings.activationPolicy"] } : {}),
      },
    );

    const admin = this.password(`${name}-admin`);
    // `postgres` exists from the start and cannot be deleted: only its password is ours.
    new User(
      `${name}-admin`,
      { instance: instance.name, name: "postgres", password: admin, deletionPolicy: "ABANDON" },
      child,
    );
    for (const database of args.databases) {
      // Dropping a database fails while a client is connected; deleting the instance takes it along.
      new Database(database, { instance: instance.name, name: database, deletionPolicy: "ABANDON" }, child);
    }

    this.passwords = Object.fromEntries(args.roles.map((role) => [role, this.password(`${name}-${role}`)]));
    this.host = instance.privateIpAddress;
    this.connectionName = instance.connectionName;
    this.instanceName = instance.name;
    this.adminPassword = admin;
    this.certificate = instance.serverCaCerts.apply((certificates) =>
      certificates.map(({ cert }) => cert.trim()).join("\n"),
    );
    this.registerOutputs({ host: this.host, connectionName: this.connectionName });
  }

  /**
   * The password of a role.
   *
   * @throws Error when the component was not asked for that role.
   */
  passwordOf(role: string): pulumi.Output<string> {
    const password = this.passwords[role];
    if (!password)
      throw new Error(`"${role}" must be one of the roles ${Object.keys(this.passwords).join(", ")}`);
    return password;
  }

  /** Letters and digits only: the passwords are used in URLs and psql variables. */
  private password(name: string): pulumi.Output<string> {
    return new RandomPassword(name, { length: 32, special: false }, { parent: this }).result;
  }
}
