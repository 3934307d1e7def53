/** `tollgate query metrics|ledger`: asks Prometheus or the ledger, which on Google Cloud are inside the network. */
import { jsonOption, runCommand, tollgateCommand } from "../terminal/command";
import { table } from "../terminal/table";
import { askPrometheus, type Sample } from "./prometheus";
import { readLedger } from "./ledger";

const program = tollgateCommand("query", "Ask the stack's Prometheus or its ledger.").addHelpText(
  "after",
  `
Without --stack it asks the running local stack, or what PROMETHEUS_URL and TOLLGATE_LEDGER_READER_URL (role ledger_reader) name.`,
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
    console.log(
      json
        ? JSON.stringify(rows)
        : table(
            columns,
            rows.map((row) => columns.map((name) => textOf(row[name]))),
          ),
    );
  });

runCommand(program);

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
