import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "..", "litellm-config", "guard", "sql");

/**
 * The ledger's migrations, and its functions, views and privileges, by file name, in the order in which
 * `tollgate_guard.migrate` applies them.
 */
export function ledgerMigrations(): Record<string, string> {
  const migrations = readdirSync(FOLDER).filter((name) => /^\d{3}_.*\.sql$/.test(name));
  const functions = readdirSync(join(FOLDER, "functions")).map((name) => `functions/${name}`);
  const names = [...migrations.sort(), ...functions.sort(), "views.sql", "privileges.sql"];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
}
