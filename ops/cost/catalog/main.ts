/**
 * `tollgate cost refresh [--dry-run]`: reads every price of infra/cost/prices.json from Google's Cloud Billing Catalog and
 * rewrites the list. Exit code 3 when a price was not found and its old value was kept.
 */
import { writeFileSync } from "node:fs";
import { pc } from "../../terminal/colours";
import { format } from "prettier";
import { formatUsd } from "../../../litellm-config/money";
import { PRICES_FILE, readPriceList } from "../../../infra/cost/price-list";
import { CatalogClient } from "./client";
import { refreshPrices } from "./refresh";
import { EXIT, runCommand, tollgateCommand } from "../../terminal/command";

async function refresh({ dryRun }: { dryRun?: boolean }): Promise<void> {
  const { prices } = readPriceList();
  const results = await refreshPrices(prices, new CatalogClient(), new Date().toISOString().slice(0, 10));
  for (const [at, { price, outcome, note }] of results.entries()) {
    if (outcome === "changed") {
      const before = formatUsd(prices[at]!.nanos);
      console.log(`${price.id}: ${before} -> ${formatUsd(price.nanos)} a ${price.unit}`);
    }
    if (outcome === "kept") console.log(pc.yellow(`${price.id} kept: ${note}`));
  }
  const count = (outcome: string) => results.filter((each) => each.outcome === outcome).length;
  console.log(`${count("confirmed")} confirmed, ${count("changed")} changed, ${count("kept")} kept`);
  if (!dryRun) {
    const text = JSON.stringify(
      results.map(({ price }) => price),
      null,
      2,
    );
    writeFileSync(PRICES_FILE, await format(text, { parser: "json", printWidth: 110 }));
  }
  if (count("kept") > 0) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "cost refresh",
    "Read the prices of the cost estimate from Google's Cloud Billing Catalog, with your credentials.",
  )
    .option("--dry-run", "show what would change and write nothing")
    .action(refresh),
);
