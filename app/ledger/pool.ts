import { Pool } from "pg";

/**
 * The agent's connections to the ledger's database, as `ledger_agent`.
 *
 * @param name What `pg_stat_activity` shows.
 * @param onError called with errors of idle connections; the pool replaces them.
 */
export function agentPool(url: string, name: string, onError: (error: Error) => void): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 5,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 3_000,
    application_name: name,
  });
  pool.on("error", onError);
  return pool;
}
