/**
 * `npm run models:refresh`: compares the definitions' prices, limits and deprecation dates with the list that LiteLLM ships.
 * Exit codes: 0 they agree, or each difference has its reason; 1 the list cannot be read; 3 they differ.
 */
import { Command } from "commander";
import { definitions } from "../../litellm-config";
import { pc } from "../../local/colours";
import { comparePrices, isUnexplained } from "./compare";
import { installedListFile, readPriceList } from "./price-list";
import { differencesText } from "./print";

interface Options {
  list?: string;
  json?: boolean;
}

const command = new Command("npm run models:refresh --")
  .description(
    "Compares the prices by prompt length, limits and deprecation dates of litellm-config/definitions/models.ts with LiteLLM's price list.",
  )
  .option("--list <file>", "a price list in LiteLLM's format (default: the one of the installed LiteLLM)")
  .option("--json", "print the differences as JSON");

function main({ list, json }: Options): void {
  const differences = comparePrices(definitions.models, readPriceList(list ?? installedListFile()));
  console.log(json ? JSON.stringify(differences, null, 2) : differencesText(differences));
  if (differences.some(isUnexplained)) process.exitCode = 3;
}

try {
  main(command.parse().opts<Options>());
} catch (error) {
  console.error(pc.red((error as Error).message));
  process.exitCode = 1;
}
