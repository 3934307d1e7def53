import { randomBytes } from "node:crypto";
import { databases } from "../../catalogue";

/** The ledger's roles, owner first (docs/interfaces.md). */
export const LEDGER_ROLES = [databases.ledger.owner, ...databases.ledger.others] as const;
export type LedgerRole = (typeof LEDGER_ROLES)[number];

/** The superuser and the ledger's roles, each with its password. */
export type PostgresPasswords = Record<LedgerRole | "postgres", string>;

/** New passwords for the superuser and every role. */
export function generatePostgresPasswords(): PostgresPasswords {
  const names = ["postgres", ...LEDGER_ROLES] as const;
  return Object.fromEntries(
    names.map((name) => [name, randomBytes(24).toString("base64url")]),
  ) as PostgresPasswords;
}

/** The URL of the database `ledger` for each role, on this machine. */
export function ledgerUrls(
  port: number,
  passwords: PostgresPasswords,
): Record<LedgerRole | "postgres", string> {
  return Object.fromEntries(
    Object.entries(passwords).map(([role, password]) => [role, postgresUrl(port, role, password, "ledger")]),
  ) as Record<LedgerRole | "postgres", string>;
}

/** The URL of a database on this machine for a role. */
export function postgresUrl(port: number, role: string, password: string, database: string): string {
  return `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}
