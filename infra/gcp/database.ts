import type { Postgres } from "../../components/postgres";
import * as pulumi from "@pulumi/pulumi";
import { ConfigFiles, contentHash } from "../../components/config-files";
import { RunJob } from "../../components/run/job";
import { Workload } from "../../components/workload";
import { DATABASE_CA, databaseRoles, publicImageReference } from "../../catalogue";
import { databaseRolesSql, passwordVariables } from "../../catalogue/database-roles";
import type { Foundation } from "./foundation";
import { configEdge, secretEdge, SECRET_READER, type Wires } from "./wiring";

const SQL_FOLDER = "/etc/database-roles";
const PASSWORDS = "/etc/database-passwords/passwords.psql";

/** The job that gives every database its roles; whatever uses a database waits for it. */
export function makeDatabaseRoles(foundation: Foundation, wires: Wires, postgres: Postgres): RunJob {
  const { config, labels, network, images, configBucket } = foundation;
  const name = "database-roles";
  const admin = wires.secrets.of("postgres-admin-password", () => postgres.adminPassword);
  const passwords = wires.secrets.of("database-role-passwords", () =>
    pulumi
      .all(Object.fromEntries(databaseRoles.map((role) => [role.name, postgres.passwordOf(role.name)])))
      .apply(passwordVariables),
  );
  const certificate = wires.secrets.get("postgres-certificate");
  const files = new ConfigFiles(name, {
    bucket: configBucket.name,
    files: { "roles.sql": databaseRolesSql() },
  });
  const workload = new Workload(name, {
    project: config.project,
    edges: [
      { name: "postgres-admin-password", role: SECRET_READER, on: "secret", secretId: admin.id },
      secretEdge("postgres-certificate", wires),
      { name: "database-role-passwords", role: SECRET_READER, on: "secret", secretId: passwords.id },
      configEdge(wires),
    ],
  });
  return new RunJob(
    name,
    {
      project: config.project,
      region: config.region,
      labels: labels(name),
      image: images.publicImage(publicImageReference("postgres")),
      command: ["psql", "--no-psqlrc", "-f", PASSWORDS, "-f", `${SQL_FOLDER}/roles.sql`],
      serviceAccount: workload.email,
      networkId: network.networkId,
      subnetworkId: network.subnetworkId,
      runToken: contentHash({ sql: databaseRolesSql() }),
      env: {
        PGHOST: postgres.host,
        PGUSER: "postgres",
        PGDATABASE: "postgres",
        PGSSLMODE: "verify-ca",
        PGSSLROOTCERT: DATABASE_CA,
      },
      secretEnv: { PGPASSWORD: admin },
      secretFiles: { [PASSWORDS]: passwords, [DATABASE_CA]: certificate },
      files: { [SQL_FOLDER]: files },
    },
    { dependsOn: [postgres, ...workload.bindings, ...files.objects] },
  );
}
