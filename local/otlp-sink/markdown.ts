import { escape } from "./html";

/** The Markdown of answers (paragraphs, tables, bold, code) as HTML; everything else stays the text that it is. */
export function markdown(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((block) => tableOf(block) ?? `<p>${inline(block)}</p>`)
    .join("");
}

/** A table, where every line of a block is a row and the second one is a rule. */
function tableOf(block: string): string | undefined {
  const [head, rule, ...body] = block.split("\n");
  if (
    !head ||
    !rule ||
    !/^\|(\s*:?-+:?\s*\|)+$/.test(rule) ||
    ![head, ...body].every((line) => /^\|.*\|$/.test(line))
  )
    return undefined;
  const isNumber = cellsOf(rule).map((cell) => cell.endsWith(":"));
  const row = (line: string, tag: "td" | "th") => {
    const cells = cellsOf(line).map(
      (cell, i) => `<${tag}${isNumber[i] ? ' class="number"' : ""}>${inline(cell)}</${tag}>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  };
  return `<table>${row(head, "th")}${body.map((line) => row(line, "td")).join("")}</table>`;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function inline(text: string): string {
  return escape(text)
    .replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replace(/`([^`]+)`/g, "<code>$1</code>");
}
