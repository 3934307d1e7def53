import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { databaseOf, databaseUrl, roleNames, type DatabaseName } from "../../catalogue";
import { databaseRolesSql, passwordVariables } from "../../catalogue/database-roles";
import { completeValues, rolePasswords } from "../../catalogue/secret-values";
import { makeDatabaseRoles, startPostgresServer, type Running } from "../../local/processes";
import { freePort } from "../support/gateway/ports";

describe("the script of the database's roles", () => {
  const sql = databaseRolesSql();

  it("makes each with its password, and may be run again", () => {
    for (const name of roleNames) {
      expect(sql).toContain(`SELECT 'CREATE ROLE ${name} LOGIN' WHERE NOT EXISTS`);
      expect(sql).toContain(`ALTER ROLE ${name} LOGIN PASSWORD :'${name}_password';`);
    }
    const passwords = Object.fromEntries(roleNames.map((role) => [role, `p-${role}`]));
    expect(passwordVariables(passwords as Parameters<typeof passwordVariables>[0])).toContain(
      "\\set grafana_password p-grafana\n",
    );
  });
});

describe("on a server whose admin is no superuser, as Cloud SQL's", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-roles-"));
  const values = completeValues({});
  const admin = "cloud_admin";
  let server: Running;
  let port: number;
  const query = async (role: string, password: string, database: string, sql: string) => {
    const client = new Client({ host: "127.0.0.1", port, user: role, password, database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows[0];
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    port = await freePort();
    const password = values["postgres-admin-password"]!;
    const logFile = join(folder, "postgres.log");
    server = await startPostgresServer({ port, dataDir: join(folder, "data"), logFile, password });
    // https://cloud.google.com/sql/docs/postgres/users#default-users
    const role = `CREATE ROLE ${admin} LOGIN CREATEROLE CREATEDB PASSWORD '${password}'`;
    await query("postgres", password, "postgres", role);
    for (let times = 0; times < 2; times++) await makeDatabaseRoles(port, values, admin);
  }, 120_000);

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(roleNames)("lets %s into its own database only, where no plan is compiled", async (role) => {
    const password = rolePasswords(values)[role];
    for (const database of new Set<DatabaseName | "postgres">(Object.values(databaseOf))) {
      const answer = query(role, password, database, "SHOW jit");
      if (database === databaseOf[role]) expect(await answer).toEqual({ jit: "off" });
      else await expect(answer).rejects.toThrow(`permission denied for database "${database}"`);
    }
    const own = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user";
    expect(await query(role, password, databaseOf[role], own)).toEqual({
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
    });
  });

  it.each(["ledger", "langfuse", "grafana"] as const)("gives %s to its owner", async (database) => {
    const owner = roleNames.find((role) => databaseOf[role] === database)!;
    await query(owner, rolePasswords(values)[owner], database, "CREATE SCHEMA own");
    const schemas = "SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = 'own'";
    expect(await query(owner, rolePasswords(values)[owner], database, schemas)).toEqual({ owner });
  });
});

it("Grafana's database has the one scheme that Grafana knows, all others the one that all know", () => {
  const address = { host: "h", password: "p" };
  expect(databaseUrl("grafana", "grafana", address)).toBe("postgres://grafana:p@h:5432/grafana");
  expect(databaseUrl("langfuse", "prisma", address)).toBe("postgresql://langfuse:p@h:5432/langfuse");
});
