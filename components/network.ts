import * as pulumi from "@pulumi/pulumi";
import { Address } from "@pulumi/gcp/compute/address";
import { Firewall } from "@pulumi/gcp/compute/firewall";
import { GlobalAddress } from "@pulumi/gcp/compute/globalAddress";
import { Network as ComputeNetwork } from "@pulumi/gcp/compute/network";
import { Router } from "@pulumi/gcp/compute/router";
import { RouterNat } from "@pulumi/gcp/compute/routerNat";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork";
import { ManagedZone } from "@pulumi/gcp/dns/managedZone";
import { RecordSet } from "@pulumi/gcp/dns/recordSet";
import { Connection } from "@pulumi/gcp/servicenetworking/connection";
import type { LabelMap } from "./labels";

export interface NetworkArgs {
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** The range of the subnet that services and VMs take addresses from. Default `10.10.0.0/20`. */
  cidr?: pulumi.Input<string>;
  /** Name of the private zone that hosts of the stack are found in, with the final dot. Default `tollgate.internal.`. */
  zone?: string;
  /** Egress through a NAT with one address. Default true. */
  nat?: boolean;
}

/** Domains whose Google services are reached on private addresses. */
const GOOGLE_DOMAINS = ["googleapis.com", "run.app", "pkg.dev"];

/** `private.googleapis.com`: https://cloud.google.com/vpc/docs/configure-private-google-access#config-options */
const PRIVATE_GOOGLE_ADDRESSES = ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"];

/**
 * One private network: egress through one NAT address, private access to Google's APIs and internal Cloud Run services,
 * and peering for managed databases.
 *
 * @example
 * ```ts
 * import { Network } from "./components/network";
 * import { labelsOf } from "./components/labels";
 * const network = new Network("network", {
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "network", 1),
 * });
 * export const cloudRunLeavesFrom = network.egressAddress;
 * ```
 */
export class Network extends pulumi.ComponentResource {
  readonly networkId: pulumi.Output<string>;
  readonly subnetworkId: pulumi.Output<string>;
  /** The address that providers and customers see; none without a NAT. */
  readonly egressAddress?: pulumi.Output<string>;
  /** Depend on it to create a database with a private address. */
  readonly privateServices: Connection;
  private readonly zone: ManagedZone;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { region, labels, cidr = "10.10.0.0/20", zone = "tollgate.internal.", nat = true } = args;
    super("tollgate:gcp:Network", name, { region, cidr, zone, nat }, opts);
    const child = { parent: this };

    const network = new ComputeNetwork(
      name,
      { autoCreateSubnetworks: false, routingMode: "REGIONAL" },
      child,
    );
    const subnetwork = new Subnetwork(
      name,
      {
        network: network.id,
        region,
        ipCidrRange: cidr,
        privateIpGoogleAccess: true,
        logConfig: { aggregationInterval: "INTERVAL_10_MIN", flowSampling: 0.1 },
      },
      child,
    );

    const peeringRange = new GlobalAddress(
      `${name}-private-services`,
      { network: network.id, purpose: "VPC_PEERING", addressType: "INTERNAL", prefixLength: 20, labels },
      child,
    );
    this.privateServices = new Connection(
      `${name}-private-services`,
      {
        network: network.id,
        service: "servicenetworking.googleapis.com",
        reservedPeeringRanges: [peeringRange.name],
        // Cloud SQL holds on to the peering for days after its last instance: the network's own deletion removes it.
        deletionPolicy: "ABANDON",
      },
      child,
    );

    if (nat) this.egressAddress = this.translated(name, network.id, region, labels);

    // Ingress from the subnet only; a VPC's implied rules deny the rest.
    new Firewall(
      `${name}-internal`,
      {
        network: network.id,
        direction: "INGRESS",
        sourceRanges: [cidr],
        allows: [{ protocol: "tcp" }, { protocol: "icmp" }],
      },
      child,
    );

    for (const domain of GOOGLE_DOMAINS)
      this.googleZone(`${name}-${domain.replace(".", "-")}`, domain, network.id, labels);
    this.zone = new ManagedZone(
      `${name}-hosts`,
      {
        dnsName: zone,
        description: "Hosts of the stack",
        visibility: "private",
        privateVisibilityConfig: { networks: [{ networkUrl: network.id }] },
        labels,
      },
      child,
    );

    this.networkId = network.id;
    this.subnetworkId = subnetwork.id;
    this.registerOutputs({
      networkId: this.networkId,
      subnetworkId: this.subnetworkId,
      ...(this.egressAddress ? { egressAddress: this.egressAddress } : {}),
    });
  }

  /** The one egress address. */
  private translated(
    name: string,
    network: pulumi.Output<string>,
    region: pulumi.Input<string>,
    labels: LabelMap,
  ): pulumi.Output<string> {
    const child = { parent: this };
    const egress = new Address(`${name}-egress`, { region, labels }, child);
    const router = new Router(name, { network, region }, child);
    new RouterNat(
      name,
      {
        router: router.name,
        region,
        natIpAllocateOption: "MANUAL_ONLY",
        natIps: [egress.selfLink],
        sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
        logConfig: { enable: true, filter: "ERRORS_ONLY" },
      },
      child,
    );
    return egress.address;
  }

  /** Names an address in the private zone: `clickhouse` becomes `clickhouse.tollgate.internal`. */
  host(name: string, address: pulumi.Input<string>, opts?: pulumi.ResourceOptions): pulumi.Output<string> {
    const record = new RecordSet(
      name,
      {
        managedZone: this.zone.name,
        name: pulumi.interpolate`${name}.${this.zone.dnsName}`,
        type: "A",
        ttl: 60,
        rrdatas: [address],
      },
      { parent: this, ...opts },
    );
    return record.name.apply((fqdn) => fqdn.replace(/\.$/, ""));
  }

  private googleZone(name: string, domain: string, networkId: pulumi.Output<string>, labels: LabelMap): void {
    const zone = new ManagedZone(
      name,
      {
        dnsName: `${domain}.`,
        description: `${domain} on private addresses`,
        visibility: "private",
        privateVisibilityConfig: { networks: [{ networkUrl: networkId }] },
        labels,
      },
      { parent: this },
    );
    for (const [suffix, host] of [
      ["apex", `${domain}.`],
      ["any", `*.${domain}.`],
    ] as const) {
      new RecordSet(
        `${name}-${suffix}`,
        { managedZone: zone.name, name: host, type: "A", ttl: 300, rrdatas: PRIVATE_GOOGLE_ADDRESSES },
        { parent: this },
      );
    }
  }
}
