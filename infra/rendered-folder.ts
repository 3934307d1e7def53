import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const GENERATED = join(__dirname, "..", "generated");

/** What is committed under `generated/<folder>/`, by its path in the folder; nothing for a folder that is not there. */
export function committedFiles(folder: string): Record<string, string> {
  const root = join(GENERATED, folder);
  if (!existsSync(root)) return {};
  return Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(root.length + 1), readFileSync(path, "utf8")]),
  );
}
