import type * as pulumi from "@pulumi/pulumi";
import type { Postgres } from "../../components/postgres";
import { OWN_IMAGES, type OwnImageName } from "../../catalogue";
import { operatorsUrl, runUrl } from "./addresses";
import type { StackBase } from "./base";

/** What `pulumi stack output` shows. */
export interface Outputs {
  [name: string]: unknown;
  /** Where customers' MCP clients connect. */
  agentUrl: pulumi.Input<string>;
  langfuseUrl: pulumi.Input<string>;
  grafanaUrl?: pulumi.Input<string>;
  /** For `cloud-sql-proxy`, to reach the ledger from a workstation. */
  ledgerConnectionName?: pulumi.Input<string>;
  /** The address that providers see, for their allow lists; none without a NAT. */
  egressAddress?: pulumi.Input<string>;
  /** What a promotion takes on: own images by digest. */
  images: Record<OwnImageName, pulumi.Input<string>>;
  phase: number;
}

export function outputsOf({ config, network, images }: StackBase, postgres?: Postgres): Outputs {
  return {
    agentUrl: runUrl("agent", config),
    langfuseUrl: operatorsUrl("langfuse-web", config),
    ...(config.phase >= 2 ? { grafanaUrl: operatorsUrl("grafana", config) } : {}),
    ...(postgres ? { ledgerConnectionName: postgres.connectionName } : {}),
    ...(network.egressAddress ? { egressAddress: network.egressAddress } : {}),
    images: Object.fromEntries(OWN_IMAGES.map((name) => [name, images.ownImage(name)])) as Outputs["images"],
    phase: config.phase,
  };
}
