import type { Rule } from "../rule";
import { asCatalogued, configurationDeployed, imagesOfCatalogue } from "./cloud-run";
import { stackComplete } from "./complete";
import { composeAsRendered } from "./compose";
import { configurationAddressed, configurationAsRendered } from "./files";
import { gatewayAsRendered } from "./gateway";
import { machinesAsRendered } from "./machines";
import { schedulesAsCatalogued } from "./schedules";
import { resourcesAsDesigned } from "./shape";

/** What runs is what the catalogue, the components and the definitions describe. */
export const cataloguedRules: Rule[] = [
  imagesOfCatalogue,
  asCatalogued,
  configurationDeployed,
  configurationAddressed,
  configurationAsRendered,
  composeAsRendered,
  machinesAsRendered,
  schedulesAsCatalogued,
  gatewayAsRendered,
  resourcesAsDesigned,
  stackComplete,
];
