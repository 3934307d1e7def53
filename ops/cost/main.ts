/**
 * `npm run cost -- --stack dev|prod [--json] [--html FILE]`: what a stack costs a month by a dated price list, without a cloud
 * or a network. Exit codes: 0 done; 1 the estimate is over the stack's ceiling, or failed; 2 wrong usage.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { pc } from "../terminal/colours";
import { reportPage } from "./html";
import { readPriceList } from "../../infra/cost/price-list";
import { renderReport } from "./print";
import { costReport } from "../../infra/cost/report";

interface Options {
  stack: string;
  json?: boolean;
  html?: string;
  prices?: string;
}

const command = new Command("npm run cost --")
  .description("What a stack costs a month: low, expected and high, from a dated price list.")
  .requiredOption("--stack <name>", "the stack, as dev or prod")
  .option("--json", "print JSON; amounts are nano-dollars a month")
  .option("--html <file>", "write a page with charts that needs nothing else")
  .option("--prices <file>", "another price list than infra/cost/prices.json")
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

async function main({ stack, json, html, prices }: Options): Promise<void> {
  const report = await costReport(stack, readPriceList(prices));
  if (html) {
    const file = resolve(html);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, reportPage(report));
    console.error(`Wrote ${file}`);
  }
  if (json) console.log(JSON.stringify(report, null, 2));
  else console.log(renderReport(report));
  if (report.ceiling.exceeded) process.exitCode = 1;
}

main(command.parse().opts<Options>()).catch((error: Error) => {
  console.error(pc.red(error.message));
  process.exitCode = 1;
});
