/**
 * `tollgate cost --stack dev|prod [--json] [--html FILE]`: what a stack costs a month by a dated price list, without a cloud or a
 * network. Exit code 3 when the estimate is over the stack's ceiling.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { reportPage } from "./html";
import { readPriceList } from "../../infra/cost/price-list";
import { renderReport } from "./print";
import { costReport } from "../../infra/cost/report";
import { EXIT, jsonOption, runCommand, stackOption, tollgateCommand } from "../terminal/command";

interface Options {
  stack: string;
  json?: boolean;
  html?: string;
  prices?: string;
}

async function showCost({ stack, json, html, prices }: Options): Promise<void> {
  const report = await costReport(stack, readPriceList(prices));
  if (html) {
    const file = resolve(html);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, reportPage(report));
    console.error(`Wrote ${file}`);
  }
  if (json) console.log(JSON.stringify(report, null, 2));
  else console.log(renderReport(report));
  if (report.ceiling.exceeded) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "cost",
    "Estimate what a stack costs a month: low, expected and high, from a dated price list.",
  )
    .addOption(stackOption())
    .addOption(jsonOption("print JSON; amounts are nano-dollars a month"))
    .option("--html <file>", "write a self-contained page with charts")
    .option("--prices <file>", "a price list to use instead of infra/cost/prices.json")
    .action(showCost),
);
