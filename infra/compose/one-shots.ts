import { TRACE_TABLES } from "../../components/clickhouse/retention";
import { catalogue, envOf, ports, service } from "../../catalogue";
import { COMPOSE_ARCHIVE_URL } from "../config-files/clickhouse";
import { definitions } from "../../litellm-config";
import { SETTINGS } from "./environment";
import { confinement, imageOf } from "./images";
import { bindMount } from "./mounts";
import type { ComposeService, Condition } from "./schema";
import { bounded, configMounts, limits, profilesOf } from "./services";
import { withSecrets } from "./with-secrets";

/** What prepares the data stores before the services that need it, and what looks after them on the side. */
export function oneShots(): Record<string, ComposeService> {
  return {
    "database-roles": databaseRoles(),
    "gateway-migrations": gatewayMigrations(),
    buckets: buckets(),
    "clickhouse-retention": clickhouseRetention(),
    "langfuse-margins": langfuseMargins(),
  };
}

interface Task {
  image: string;
  start: Pick<ComposeService, "entrypoint" | "command" | "secrets" | "volumes">;
  environment: Record<string, string>;
  after: Record<string, Condition>;
  memoryMiB: number;
  /** It works on and on; else it ends. */
  forever?: true;
}

function task({ image, start, environment, after, memoryMiB, forever }: Task): ComposeService {
  return {
    ...imageOf(image),
    profiles: profilesOf(1),
    restart: forever ? "unless-stopped" : "on-failure",
    ...start,
    environment,
    depends_on: Object.fromEntries(Object.entries(after).map(([name, condition]) => [name, { condition }])),
    ...limits(memoryMiB, 0.25),
    ...bounded,
    ...confinement(image),
  };
}

/** Every role with its password and every database with its owner, as the job on Google Cloud does. */
function databaseRoles(): ComposeService {
  const passwords = "/run/database-passwords/passwords.psql";
  const roles = "/tollgate/database-roles.sql";
  const program = ["psql", "--no-psqlrc", "-f", passwords, "-f", roles];
  const start = withSecrets({ PGPASSWORD: "postgres-admin-password" }, { image: "postgres", program });
  return task({
    image: "postgres",
    start: {
      ...start,
      secrets: [...start.secrets!, { source: "database-role-passwords", target: passwords }],
      volumes: [...start.volumes!, bindMount("./database-roles.sql", roles)],
    },
    environment: { PGHOST: "postgres", PGUSER: "postgres", PGDATABASE: "postgres" },
    after: { postgres: "service_healthy" },
    memoryMiB: 64,
  });
}

function gatewayMigrations(): ComposeService {
  const gateway = service("gateway");
  const guardConfig = String(gateway.env["TOLLGATE_GUARD_CONFIG"]);
  const program = ["python", "-m", "tollgate_guard.migrate"];
  const start = withSecrets({ TOLLGATE_LEDGER_OWNER_URL: "ledger-owner-url" }, { image: "gateway", program });
  return task({
    image: "gateway",
    start: { ...start, volumes: [...start.volumes!, ...configMounts(gateway)] },
    environment: { TOLLGATE_GUARD_CONFIG: guardConfig },
    after: { postgres: "service_healthy", "database-roles": "service_completed_successfully" },
    memoryMiB: 128,
  });
}

/** The archive's bucket, and those that services name; raw events and media live as long as the traces they belong to. */
function buckets(): ComposeService {
  const store = service("blob-store");
  const archive = COMPOSE_ARCHIVE_URL.split("/").at(-1)!;
  const named = catalogue.flatMap((each) =>
    Object.values(envOf(each, "compose")).flatMap((value) =>
      typeof value === "object" && "bucket" in value ? [value.bucket] : [],
    ),
  );
  const expire = JSON.stringify({
    Rules: [{ ID: "traces", Status: "Enabled", Expiration: { Days: definitions.retention.traces } }],
  });
  const script = [
    // Through the environment: an alias on the command line would show the password.
    `export MC_HOST_store="http://$$MINIO_ROOT_USER:$$MINIO_ROOT_PASSWORD@${store.name}:${store.port}"`,
    ...[archive, ...new Set(named)].map((bucket) => `mc mb --ignore-existing store/${bucket}`),
    ...[...new Set(named)].map((bucket) => `echo '${expire}' | mc ilm rule import store/${bucket}`),
  ].join("\n");
  return task({
    image: store.image,
    start: withSecrets(
      { MINIO_ROOT_PASSWORD: "blob-store-password" },
      { image: store.image, program: ["/bin/sh", "-euc", script] },
    ),
    environment: { MINIO_ROOT_USER: String(store.env["MINIO_ROOT_USER"]), MC_CONFIG_DIR: "/tmp/mc" },
    after: { [store.name]: "service_healthy" },
    memoryMiB: 128,
  });
}

/** Archives old traces and then deletes what is past its time, once a day; soon again after a failure. */
function clickhouseRetention(): ComposeService {
  const { name, image, env } = service("clickhouse");
  const sql = "/tollgate/retention.sql";
  const tables = Object.keys(TRACE_TABLES).join(", ");
  const script = [
    "while :; do",
    `  if clickhouse-client --host ${name} --port ${ports.clickhouseNative} --user "$$CLICKHOUSE_USER" --password "$$CLICKHOUSE_PASSWORD" --multiquery < ${sql}`,
    `  then echo 'archived and pruned: ${tables}'; sleep 86400`,
    "  else sleep 3600",
    "  fi",
    "done",
  ].join("\n");
  const start = withSecrets(
    { CLICKHOUSE_PASSWORD: "clickhouse-password" },
    { image, program: ["/bin/sh", "-uc", script] },
  );
  return task({
    image,
    start: { ...start, volumes: [...start.volumes!, bindMount("./retention.sql", sql)] },
    environment: { CLICKHOUSE_USER: String(env["CLICKHOUSE_USER"]) },
    after: { [name]: "service_healthy", "langfuse-web": "service_healthy" },
    memoryMiB: 256,
    forever: true,
  });
}

/** Brings the ledger's margins to Langfuse's dashboards, every five minutes. */
function langfuseMargins(): ComposeService {
  const { name, port } = service("langfuse-web");
  const program = ["node", "--import", "tsx", "ops/langfuse/margins/main.ts", "--every", "300"];
  return task({
    image: "agent",
    start: withSecrets(
      {
        TOLLGATE_LEDGER_URL: "ledger-reader-url",
        LANGFUSE_PUBLIC_KEY: "langfuse-public-key",
        LANGFUSE_SECRET_KEY: "langfuse-secret-key",
      },
      { image: "agent", program },
    ),
    environment: { LANGFUSE_HOST: `http://${name}:${port}`, TOLLGATE_ENVIRONMENT: SETTINGS.environment },
    after: { [name]: "service_healthy", "gateway-migrations": "service_completed_successfully" },
    memoryMiB: 128,
    forever: true,
  });
}
