import type { Rule } from "../rule";
import { asCatalogued, configurationDeployed, imagesOfCatalogue } from "./cloud-run";
import { composeAsRendered } from "./compose";
import { gatewayAsRendered } from "./gateway";
import { machinesAsRendered } from "./machines";
import { schedulesAsCatalogued } from "./schedules";

/** What runs is what the catalogue, the components and the definitions describe. */
export const cataloguedRules: Rule[] = [
  imagesOfCatalogue,
  asCatalogued,
  configurationDeployed,
  composeAsRendered,
  machinesAsRendered,
  schedulesAsCatalogued,
  gatewayAsRendered,
];
