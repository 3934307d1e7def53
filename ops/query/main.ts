/** `tollgate query metrics|ledger|clickhouse`: asks what on Google Cloud is inside the network only. */
import { jsonOption, runCommand, tollgateCommand } from "../terminal/command";
import { table } from "../terminal/table";
import { askClickHouse } from "./clickhouse";
import { askPrometheus, type Sample } from "./prometheus";
import { readLedger } from "./ledger";

const program = tollgateCommand(
  "query",
  "Ask the stack's Prometheus, its ledger or Langfuse's ClickHouse.",
).addHelpText(
  "after",
  `
Without --stack it asks the running local stack, or what PROMETHEUS_URL and TOLLGATE_LEDGER_READER_URL (role ledger_reader) name. ClickHouse is not
on a laptop: CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD name another.`,
);

program
  .command("metrics <promql...>")
  .description("what Prometheus answers now to each expression")
  .addOption(jsonOption("print each answer's series as JSON"))
  .action(async (expressions: string[], { json = false }: { json?: boolean }) => {
    const answers = await askPrometheus(expressions);
    if (json) console.log(JSON.stringify(answers));
    else for (const samples of answers) console.log(samplesTable(samples));
  });

program
  .command("ledger <sql>")
  .description("the rows of one read-only statement")
  .addOption(jsonOption("print the rows as JSON"))
  .action(async (sql: string, { json = false }: { json?: boolean }) => {
    const { columns, rows } = await readLedger(sql);
    printRows(
      columns,
      rows.map((row) => columns.map((name) => row[name])),
      json,
    );
  });

program
  .command("clickhouse <sql>")
  .description("the rows of one statement that changes nothing in ClickHouse, where traces are")
  .addOption(jsonOption("print the rows as JSON"))
  .action(async (sql: string, { json = false }: { json?: boolean }) => {
    const { columns, rows } = await askClickHouse(sql);
    printRows(columns, rows, json);
  });

runCommand(program);

function printRows(columns: string[], rows: unknown[][], json: boolean): void {
  const byName = (row: unknown[]) => Object.fromEntries(columns.map((name, i) => [name, row[i]]));
  console.log(
    json
      ? JSON.stringify(rows.map(byName))
      : table(
          columns,
          rows.map((row) => row.map(textOf)),
        ),
  );
}

function samplesTable(samples: Sample[]): string {
  if (samples.length === 0) return "No series.";
  return table(
    ["series", "value"],
    samples.map(({ metric: { __name__: name = "", ...labels }, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
      return [`${name}{${pairs.join(", ")}}`, value[1]];
    }),
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
