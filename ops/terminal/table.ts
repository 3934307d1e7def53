import Table from "cli-table3";

/** A plain table without colours, fit for a pipe. */
export function table(head: string[], rows: (string | number)[][]): string {
  const result = new Table({ head, style: { head: [], border: [] } });
  result.push(...rows);
  return result.toString();
}
