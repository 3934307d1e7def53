import { bucketSpecs, type ConfigFolder } from "../../catalogue";
import { databaseRolesSql } from "../../catalogue/database-roles";
import { retentionSql } from "../../components/clickhouse/retention";
import { definitions } from "../../litellm-config";
import { clickhouseFiles } from "../config-files/clickhouse";
import { committedFiles } from "../rendered-folder";
import { resolve } from "./resolve";

type Files = Record<string, string>;

/** Folders that are rendered for Compose here; the others are rendered by their own rooms. */
const RENDERED: Partial<Record<ConfigFolder, () => Files>> = {
  clickhouse: () => clickhouseFiles("blob-store"),
  "database-roles": () => ({ "roles.sql": databaseRolesSql() }),
  buckets: () => ({ "make-buckets.sh": bucketsScript() }),
  "clickhouse-retention": () => ({
    "retention.sql": retentionSql({
      archiveUrl: resolve({ url: "blob-store", path: "/trace-archive" }),
      retentionDays: definitions.retention.traces,
    }),
  }),
};

/** The files of a folder that Compose mounts, by their path in it. */
export function composeFolder(folder: ConfigFolder): Files {
  return RENDERED[folder]?.() ?? committedFiles(folder);
}

/** The folders that are rendered here. */
export const RENDERED_FOLDERS = Object.keys(RENDERED) as ConfigFolder[];

/** Makes MinIO's buckets; raw events and media live as long as the traces they belong to. */
function bucketsScript(): string {
  const here = bucketSpecs.filter(([, { targets }]) => !targets?.compose);
  const lines = here.flatMap(([name, { deleteAfterDays: days }]) => {
    const rules = { Rules: [{ ID: "traces", Status: "Enabled", Expiration: { Days: days } }] };
    return [
      `mc mb --ignore-existing store/${name}`,
      ...(days ? [`echo '${JSON.stringify(rules)}' | mc ilm rule import store/${name}`] : []),
    ];
  });
  return [
    "# Makes the blob store's buckets, and says how long their objects live.",
    // Through the environment: an alias on the command line would show the password.
    'export MC_HOST_store="http://$MINIO_ROOT_USER:$MINIO_ROOT_PASSWORD@$BLOB_STORE"',
    ...lines,
    "",
  ].join("\n");
}
