/**
 * `npm run cost:refresh [-- --dry-run]`: reads every price of infra/cost/prices.json from Google's Cloud Billing Catalog and
 * rewrites the list. Exit codes: 0 every price was found; 1 some were kept as they are, or the catalogue cannot be read.
 */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { pc } from "../../terminal/colours";
import { format } from "prettier";
import { formatUsd } from "../../../litellm-config/money";
import { PRICES_FILE, readPriceList } from "../../../infra/cost/price-list";
import { CatalogClient, googleCredentials } from "./client";
import { refreshPrices } from "./refresh";

const command = new Command("npm run cost:refresh --")
  .description(
    "Reads the prices of the cost estimate from Google's Cloud Billing Catalog, with your credentials.",
  )
  .option("--dry-run", "show what would change and write nothing");

async function main({ dryRun }: { dryRun?: boolean }): Promise<void> {
  const { prices } = readPriceList();
  const client = new CatalogClient(googleCredentials());
  const results = await refreshPrices(prices, client, new Date().toISOString().slice(0, 10));
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
  if (count("kept") > 0) process.exitCode = 1;
}

main(command.parse().opts<{ dryRun?: boolean }>()).catch((error: Error) => {
  console.error(pc.red(error.message));
  process.exitCode = 1;
});
