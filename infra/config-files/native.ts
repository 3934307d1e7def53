import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Files as their program reads them, by name.
 *
 * @param paths Relative to `infra/config-files/`.
 */
export function nativeFiles(...paths: string[]): Record<string, string> {
  return Object.fromEntries(
    paths.map((path) => [basename(path), readFileSync(join(__dirname, path), "utf8")]),
  );
}

/**
 * ClickHouse's `config.d/` files.
 *
 * @param archive Where it writes the archive of traces.
 */
export function clickhouseFiles(archive: "blob-store" | "cloud-storage"): Record<string, string> {
  return nativeFiles("clickhouse/tollgate.xml", `clickhouse/${archive}.xml`);
}
