/**
 * `tollgate models refresh`: compares the definitions' prices, limits and deprecation dates with the list that LiteLLM ships. Exit
 * code 3 when they differ without a stated reason.
 */
import { definitions } from "../../litellm-config";
import { comparePrices, isUnexplained } from "./compare";
import { installedListFile, readPriceList } from "./price-list";
import { differencesText } from "./print";
import { EXIT, jsonOption, runCommand, tollgateCommand } from "../terminal/command";

interface Options {
  list?: string;
  json?: boolean;
}

function refresh({ list, json }: Options): void {
  const differences = comparePrices(definitions.models, readPriceList(list ?? installedListFile()));
  console.log(json ? JSON.stringify(differences, null, 2) : differencesText(differences));
  if (differences.some(isUnexplained)) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "models refresh",
    "Compare the prices by prompt length, limits and deprecation dates of litellm-config/definitions/models.ts with LiteLLM's list.",
  )
    .option("--list <file>", "a price list in LiteLLM's format (default: the installed LiteLLM's)")
    .addOption(jsonOption("print the differences as JSON"))
    .action(refresh),
);
