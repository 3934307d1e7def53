import { databaseRoles, databases } from ".";

/**
 * The psql script that makes every role with its password and gives each database its owner. It may run at any time again.
 * `:'name_password'` comes from the file that `passwordVariables` writes.
 */
export function databaseRolesSql(): string {
  const roles = databaseRoles.flatMap(({ name }) => [
    `SELECT 'CREATE ROLE ${name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec`,
    `ALTER ROLE ${name} LOGIN PASSWORD :'${name}_password';`,
  ]);
  const grants = Object.entries(databases).flatMap(([database, { owner, others }]) => [
    `SELECT 'CREATE DATABASE ${database}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${database}') \\gexec`,
    // Giving a database away needs membership of the new owner (Postgres 16).
    `GRANT ${owner} TO CURRENT_USER;`,
    `ALTER DATABASE ${database} OWNER TO ${owner};`,
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
    ...others.map((role) => `GRANT CONNECT ON DATABASE ${database} TO ${role};`),
  ]);
  return ["\\set ON_ERROR_STOP on", ...roles, ...grants, ""].join("\n");
}

/** The psql variables that hold the passwords: letters and digits, so they need no quoting. */
export function passwordVariables(passwords: Record<string, string>): string {
  return Object.entries(passwords)
    .map(([role, password]) => `\\set ${role}_password ${password}\n`)
    .join("");
}
