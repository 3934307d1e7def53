import type * as pulumi from "@pulumi/pulumi";

/** What goes through the network: everything, or traffic to private addresses only; the rest then bypasses the NAT. */
export type Egress = "all" | "private";

/** Direct VPC egress of a service, a job or a worker pool. */
export function vpcAccess({
  networkId,
  subnetworkId,
  egress = "all",
}: {
  networkId: pulumi.Input<string>;
  subnetworkId: pulumi.Input<string>;
  egress?: Egress;
}) {
  return {
    // `private.googleapis.com` is one of the private ranges: internal services and Google's APIs stay in the network.
    egress: egress === "all" ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY",
    networkInterfaces: [{ network: networkId, subnetwork: subnetworkId }],
  };
}
