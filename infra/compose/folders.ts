import type { ConfigFolder } from "../../catalogue";
import { databaseRolesSql } from "../../catalogue/database-roles";
import { clickhouseFiles, nativeFiles } from "../config-files/native";
import { committedFiles } from "../rendered-folder";

type Files = Record<string, string>;

/** Folders that are rendered for Compose here; the others are rendered by their own rooms. */
const RENDERED: Partial<Record<ConfigFolder, () => Files>> = {
  clickhouse: () => clickhouseFiles("blob-store"),
  "database-roles": () => ({ "roles.sql": databaseRolesSql() }),
  buckets: () => nativeFiles("buckets/make-buckets.sh"),
  "clickhouse-retention": () => nativeFiles("../../components/clickhouse/retention.sql"),
};

/** The files of a folder that Compose mounts, by their path in it. */
export function composeFolder(folder: ConfigFolder): Files {
  return RENDERED[folder]?.() ?? committedFiles(folder);
}

/** The folders that are rendered here. */
export const RENDERED_FOLDERS = Object.keys(RENDERED) as ConfigFolder[];
