import { execFile } from "node:child_process";
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  generatePostgresPasswords,
  LEDGER_ROLES,
  ledgerUrls,
  postgresUrl,
  type LedgerRole,
  type PostgresPasswords,
} from "../../ops/workspace/ledger";
import { withClient } from "../../ops/workspace/pg-client";
import {
  completePostgres,
  ownedFolder,
  postgresFolder,
  postgresUser,
  type PostgresUser,
} from "./postgres-binaries";
import { serviceEnvironment } from "./environment";
import { startProcess, type Running } from "./process";
import { poll } from "./ready";

export interface RunningPostgres extends Running {
  passwords: PostgresPasswords;
  /** The URL of the database `ledger` for each role. */
  urls: Record<LedgerRole | "postgres", string>;
}

export interface PostgresOptions {
  port: number;
  /** Created on the first start, found again on the next. */
  dataDir: string;
  logFile: string;
  /** Generated when absent; a start on existing data needs the superuser's from before. */
  passwords?: PostgresPasswords;
}

/**
 * Starts a real Postgres 16 on 127.0.0.1 with the database `ledger` and its roles. Nothing is relaxed for speed: a commit
 * is on the disk when it returns, as in production.
 *
 * @throws Error with the end of the log when the server does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { port, dataDir } = options;
  const passwords = options.passwords ?? generatePostgresPasswords();
  const folder = postgresFolder();
  const user = postgresUser([folder, dirname(dataDir)]);
  completePostgres(folder);
  if (!existsSync(dataDir)) await initialise(folder, dataDir, passwords.postgres, user);

  const [command = "", ...args] = [
    ...(user?.prefix ?? []),
    join(folder, "bin", "postgres"),
    ...["-D", dataDir, "-p", String(port)],
    // No socket file: two stacks on one machine would meet in /tmp.
    ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100"],
  ];
  const superuser = postgresUrl(port, "postgres", passwords.postgres, "postgres");
  const running = await startProcess({
    name: "postgres",
    url: `postgresql://127.0.0.1:${port}`,
    port,
    command,
    args,
    logFile: options.logFile,
    ready: poll(() => withClient(superuser, async () => true), isWrongPassword),
    startupSeconds: 60,
    stopSignal: "SIGINT",
  });
  try {
    await createLedger(superuser, passwords);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { ...running, passwords, urls: ledgerUrls(port, passwords) };
}

/** The data was created with other passwords; no waiting helps. */
function isWrongPassword(error: unknown): boolean {
  return (error as { code?: string }).code === "28P01";
}

async function initialise(
  folder: string,
  dataDir: string,
  password: string,
  user?: PostgresUser,
): Promise<void> {
  // Made beside its place and moved there when complete: an interrupted one is no data directory.
  const unfinished = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  ownedFolder(unfinished, user);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const [command = "", ...args] = [
    ...(user?.prefix ?? []),
    join(folder, "bin", "initdb"),
    ...["--pgdata", unfinished, "--username", "postgres", "--pwfile", passwordFile],
    ...["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"],
  ];
  try {
    await promisify(execFile)(command, args, { env: serviceEnvironment() });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, dataDir);
}

/** Creates what is missing of the database and the roles, and gives the roles their passwords. */
async function createLedger(superuser: string, passwords: PostgresPasswords): Promise<void> {
  await withClient(superuser, async (client) => {
    for (const role of LEDGER_ROLES) {
      const { rowCount } = await client.query("select 1 from pg_roles where rolname = $1", [role]);
      if (rowCount === 0) await client.query(`create role ${role} login`);
      await client.query(`alter role ${role} password ${client.escapeLiteral(passwords[role])}`);
    }
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'ledger'");
    if (rowCount === 0) await client.query("create database ledger owner ledger_owner");
    await client.query("revoke all on database ledger from public");
    await client.query(`grant connect on database ledger to ${LEDGER_ROLES.join(", ")}`);
    return true;
  });
}
