/** ClickHouse's own engine in a process (`chdb-core` of PyPI), with Langfuse's tables. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, type Source } from "./source";

/** The engine's release nearest to the image's among those that PyPI has. */
const PACKAGE = "chdb-core==26.1.0";

/** A row as Langfuse's worker inserts it. */
export type Row = Record<string, unknown>;

/** Rows by their table. */
export interface Tables {
  events_full: Row[];
  scores: Row[];
}

export interface Query {
  name: string;
  sql: string;
  params: Record<string, unknown>;
}

export interface Answers {
  /** Of the engine. */
  version: string;
  /** Rows by the query's name. */
  answers: Record<string, Row[]>;
}

/**
 * Makes Langfuse's tables by its own migrations, inserts rows as its worker does, and answers queries.
 *
 * @throws Error with what ClickHouse said.
 */
export function runClickhouse({ folder }: Source, tables: Tables, queries: Query[]): Answers {
  const python = interpreter();
  const run = spawnSync(python, [join(__dirname, "clickhouse.py")], {
    input: JSON.stringify({
      migrations: join(folder, "packages/shared/clickhouse/migrations/unclustered"),
      rows: Object.fromEntries(
        Object.entries(tables).map(([table, rows]: [string, Row[]]) => [
          table,
          rows.map((row) => JSON.stringify(row)),
        ]),
      ),
      queries,
    }),
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (run.status !== 0) throw new Error(run.stderr || String(run.error));
  return JSON.parse(run.stdout) as Answers;
}

function interpreter(): string {
  const folder = join(CACHE, PACKAGE);
  const python = join(folder, "bin", "python");
  const marker = join(folder, "installed");
  if (existsSync(marker)) return python;
  mkdirSync(CACHE, { recursive: true });
  for (const [command = "", ...args] of [
    ["python3", "-m", "venv", folder],
    [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:", PACKAGE],
  ]) {
    const step = spawnSync(command, args, { encoding: "utf8" });
    if (step.status !== 0) throw new Error(step.stderr || String(step.error));
  }
  writeFileSync(marker, "");
  return python;
}
