import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "..", "litellm-config", "guard", "sql");

/** The ledger's migrations by file name. */
export function ledgerMigrations(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith(".sql"))
      .sort()
      .map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]),
  );
}
