import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * ClickHouse's `config.d/` files by name.
 *
 * @param archive Where it writes the archive of traces.
 */
export function clickhouseFiles(archive: "blob-store" | "cloud-storage"): Record<string, string> {
  const names = ["tollgate.xml", `${archive}.xml`];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(__dirname, name), "utf8")]));
}
