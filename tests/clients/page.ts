import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The page that holds the clients' snippets and what they show. */
export const PAGE = join(__dirname, "..", "..", "docs", "clients.md");

/** Writes a table into the page, between the comments that name it. */
export function writeTable(name: string, header: string[], rows: string[][]): void {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
  const [begin, end] = [`<!-- table: ${name} -->`, `<!-- end: ${name} -->`];
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/clients.md has no place for the table "${name}": add ${begin} and ${end}`);
  writeFileSync(PAGE, `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`);
}
