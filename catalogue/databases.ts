/**
 * The databases on the one Postgres and the roles that reach them. Every role logs in with a password of its own and
 * reaches its own database only; what it may do there is the migrations' business.
 */
export const databases = {
  ledger: {
    owner: "ledger_owner",
    others: ["ledger_guard", "ledger_agent", "ledger_admin", "ledger_reader"],
  },
  langfuse: { owner: "langfuse", others: [] },
  grafana: { owner: "grafana", others: [] },
} as const satisfies Record<string, { owner: string; others: readonly string[] }>;

export type DatabaseName = keyof typeof databases;

export interface DatabaseRole {
  name: string;
  database: DatabaseName;
}

/** Every role, owners first. */
export const databaseRoles: DatabaseRole[] = Object.entries(databases).flatMap(
  ([database, { owner, others }]) =>
    [owner, ...others].map((name) => ({ name, database: database as DatabaseName })),
);
