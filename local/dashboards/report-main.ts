/**
 * `tollgate dashboards report`: asks every query of every panel of the running stack and prints panel by panel whether there
 * is data. Exit code 3 when a panel whose services run here has none, shows what cannot be right, or its query fails.
 */
import Table from "cli-table3";
import { pc } from "../../ops/terminal/colours";
import { reportPanels, type Outcome } from "./report";
import { localServers } from "./sources/local";
import { EXIT, runCommand, tollgateCommand } from "../../ops/terminal/command";

const COLORS: Record<Outcome, (text: string) => string> = {
  data: pc.green,
  quiet: pc.green,
  "not local": pc.dim,
  "no data": pc.yellow,
  wrong: pc.red,
  error: pc.red,
};

const HOUR = 3_600;

const RATES = `A rate needs a counter to grow between two scrapes: after the first conversation of a start some panels are still empty.
Ask two or three questions with \`npm run ask\`, wait ten seconds and report again.`;

async function report(): Promise<void> {
  const reports = await reportPanels(localServers(), { seconds: HOUR });
  const table = new Table({ head: ["Dashboard", "Panel", "", ""], style: { head: [], border: [] } });
  for (const { dashboard, panel, outcome, note } of reports)
    table.push([dashboard, panel, COLORS[outcome](outcome), note]);
  console.log(table.toString());

  const count = (outcome: Outcome) => reports.filter((report) => report.outcome === outcome).length;
  const outcomes = (Object.keys(COLORS) as Outcome[]).map((outcome) => `${count(outcome)} ${outcome}`);
  console.log(`${reports.length} panels: ${outcomes.join(", ")}`);
  if (count("no data") > 0) console.log(RATES);
  if (count("no data") + count("wrong") + count("error") > 0) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "dashboards report",
    "Ask every panel's queries of the running stack and print whether each has data.",
  ).action(report),
);
