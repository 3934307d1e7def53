import { databaseOf, type RoleName } from "./databases";
import { ports } from "./ports";

/** The libraries that read a database's URL: each has its own options for encryption. */
export type DatabaseClient = "pg" | "asyncpg" | "prisma" | "grafana";

/** Where a service finds the certificate authority of its Postgres, on a target whose Postgres uses TLS. */
export const DATABASE_CA = "/etc/tollgate-database/ca.pem";

/**
 * How each client is configured to encrypt and to trust the instance's own authority alone. Cloud SQL's certificate names
 * `project:instance` and no address, so nothing can check the host's name.
 */
const verifyCa: Record<DatabaseClient, (ca: string) => Record<string, string>> = {
  // Without `uselibpqcompat` this library takes every mode for verify-full.
  pg: (ca) => ({ uselibpqcompat: "true", sslmode: "verify-ca", sslrootcert: ca }),
  asyncpg: (ca) => ({ sslmode: "verify-ca", sslrootcert: ca }),
  // Prisma 6 encrypts; its strict mode would check the name too (docs/limits.md).
  prisma: (ca) => ({ sslmode: "require", sslcert: ca }),
  // Grafana reads these two from its own settings (`GF_DATABASE_SSL_MODE`, `GF_DATABASE_CA_CERT_PATH`).
  grafana: () => ({}),
};

export interface DatabaseAddress {
  host: string;
  /** Default 5432. */
  port?: number;
  password: string;
  /** Path of the server's certificate authority. Default: the connection is not encrypted, as between containers of one machine. */
  ca?: string;
}

/** The URL of a role's database as one client reads it. */
export function databaseUrl(
  role: RoleName,
  client: DatabaseClient,
  { host, port = ports.postgres, password, ca }: DatabaseAddress,
): string {
  // Grafana takes the scheme for the type of database, and knows that one by this name only.
  const scheme = client === "grafana" ? "postgres" : "postgresql";
  const query = ca ? new URLSearchParams(verifyCa[client](ca)).toString().replaceAll("%2F", "/") : "";
  return `${scheme}://${role}:${encodeURIComponent(password)}@${host}:${port}/${databaseOf[role]}${query && `?${query}`}`;
}
