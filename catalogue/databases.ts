/**
 * The databases on the one Postgres and the roles that reach them. Every role has its own password and
 * reaches its own database only; the migrations grant what it may do there.
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
type Roles<Database> = Database extends { owner: infer Owner; others: readonly (infer Other)[] }
  ? Owner | Other
  : never;
export type RoleName = Roles<(typeof databases)[DatabaseName]>;

/** The database that each role reaches; owners first. */
export const databaseOf = Object.fromEntries(
  Object.entries(databases).flatMap(([database, { owner, others }]) =>
    [owner, ...others].map((role) => [role, database]),
  ),
) as Record<RoleName, DatabaseName>;

export const roleNames = Object.keys(databaseOf) as RoleName[];
