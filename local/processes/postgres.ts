import { execFile } from "node:child_process";
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { databaseOf, roleNames, type RoleName } from "../../catalogue";
import { databaseRoleSteps } from "../../catalogue/database-roles";
import { completeValues, rolePasswords, type SecretValues } from "../../catalogue/secret-values";
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

export interface PostgresOptions {
  port: number;
  /** Created on the first start, found again on the next. */
  dataDir: string;
  logFile: string;
  /** The password of the superuser; a start on existing data needs the one from before. */
  password: string;
}

/**
 * Starts a real Postgres 16 on 127.0.0.1. Nothing is relaxed for speed: a commit is on the disk when it returns, as in
 * production.
 *
 * @throws Error with the end of the log when the server does not come up.
 */
export async function startPostgresServer(options: PostgresOptions): Promise<Running> {
  const { port, dataDir, password } = options;
  const folder = postgresFolder();
  const user = postgresUser([folder, dirname(dataDir)]);
  completePostgres(folder);
  if (!existsSync(dataDir)) await initialise(folder, dataDir, password, user);

  const [command = "", ...args] = [
    ...(user?.prefix ?? []),
    join(folder, "bin", "postgres"),
    ...["-D", dataDir, "-p", String(port)],
    // No socket file: two stacks on one machine would meet in /tmp.
    ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100"],
  ];
  const superuser = urlOf(port, "postgres", password, "postgres");
  return startProcess({
    name: "postgres",
    url: `postgresql://127.0.0.1:${port}`,
    port,
    command,
    args,
    logFile: options.logFile,
    ready: poll(
      () => withClient(superuser, async () => true).catch((error) => explainPassword(error, dataDir)),
      (error) => error instanceof WrongPassword,
    ),
    startupSeconds: 60,
    stopSignal: "SIGINT",
  });
}

/**
 * Makes the catalogue's roles and databases on a running server, as the job does on the other targets.
 *
 * @param admin Who makes them; its password is the superuser's.
 */
export async function makeDatabaseRoles(
  port: number,
  values: SecretValues,
  admin = "postgres",
): Promise<void> {
  const passwords = rolePasswords(values);
  await withClient(urlOf(port, admin, passwordOf(values), "postgres"), async (client) => {
    for (const { sql, unless } of databaseRoleSteps((role) => client.escapeLiteral(passwords[role]))) {
      if (unless && (await client.query(unless)).rowCount !== 0) continue;
      await client.query(sql);
    }
  });
}

export interface RunningPostgres extends Running {
  /** The URL of its database for each role, and of the ledger's for the superuser. */
  urls: Record<RoleName | "postgres", string>;
}

/**
 * Starts a server with the catalogue's roles and databases.
 *
 * @param options.values Default: new ones; a start on existing data needs those from before.
 */
export async function startPostgres({
  values = completeValues({}),
  ...options
}: Omit<PostgresOptions, "password"> & { values?: SecretValues }): Promise<RunningPostgres> {
  const { port } = options;
  const running = await startPostgresServer({ ...options, password: passwordOf(values) });
  try {
    await makeDatabaseRoles(port, values);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const passwords = rolePasswords(values);
  const urls = roleNames.map((role) => [role, urlOf(port, role, passwords[role], databaseOf[role])]);
  return {
    ...running,
    urls: {
      ...(Object.fromEntries(urls) as Record<RoleName, string>),
      postgres: urlOf(port, "postgres", passwordOf(values), databaseOf.ledger_owner),
    },
  };
}

function passwordOf(values: SecretValues): string {
  return values["postgres-admin-password"] ?? "";
}

function urlOf(port: number, role: string, password: string, database: string): string {
  return `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** The data was created with other passwords, so waiting does not help. */
class WrongPassword extends Error {}

function explainPassword(error: unknown, dataDir: string): never {
  if ((error as { code?: string }).code !== "28P01") throw error;
  throw new WrongPassword(
    `${dataDir} was created with a different password from the stored one: restore .tollgate/secrets.json, or delete ${dataDir} to start afresh`,
  );
}

async function initialise(
  folder: string,
  dataDir: string,
  password: string,
  user?: PostgresUser,
): Promise<void> {
  // Made under another name and renamed when complete: an interrupted one leaves no data directory.
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
