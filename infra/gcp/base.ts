import { Apis } from "../../components/apis";
import { Bucket } from "../../components/bucket";
import { Images } from "../../components/images";
import { labelsOf, type LabelMap } from "../../components/labels";
import { Network } from "../../components/network";
import type { Phase } from "../../catalogue";
import type { StackConfig } from "../config";
import { PRIVATE_ZONE } from "./addresses";
import { GOOGLE_APIS } from "./services-of-stack";
import type { Sizes } from "./sizes";

/** What every service depends on. */
export interface StackBase {
  config: StackConfig;
  sizes: Sizes;
  labels: (service: string, phase?: Phase) => LabelMap;
  apis: Apis;
  network: Network;
  images: Images;
  configBucket: Bucket;
}

/** The APIs, the network, the registries and the bucket of configuration files. */
export function makeBase(config: StackConfig): StackBase {
  const { project, region } = config;
  const labels = (service: string, phase: Phase = 1) => labelsOf(config, service, phase);
  const apis = new Apis("apis", { project, services: GOOGLE_APIS });
  const afterApis = { dependsOn: [apis] };
  return {
    config,
    labels,
    apis,
    sizes: config.sizes,
    network: new Network(
      "network",
      {
        region,
        labels: labels("network"),
        zone: `${PRIVATE_ZONE}.`,
        // The one machine reaches providers and registries itself.
        nat: config.sizes.nat || config.deployment === "gce-vm",
      },
      afterApis,
    ),
    images: new Images(
      "images",
      {
        project,
        region,
        labels: labels("images"),
        digests: config.images,
        registry: config.imageRegistry,
      },
      afterApis,
    ),
    configBucket: new Bucket(
      "config",
      { project, region, labels: labels("config"), forceDestroy: !config.sizes.protect },
      afterApis,
    ),
  };
}
