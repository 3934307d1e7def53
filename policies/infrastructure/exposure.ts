import { BlockList } from "node:net";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { Job as Schedule } from "@pulumi/gcp/cloudscheduler/job";
import { Firewall } from "@pulumi/gcp/compute/firewall";
import { Instance } from "@pulumi/gcp/compute/instance";
import { InstanceTemplate } from "@pulumi/gcp/compute/instanceTemplate";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork";
import { ManagedZone } from "@pulumi/gcp/dns/managedZone";
import { RecordSet } from "@pulumi/gcp/dns/recordSet";
import { Subscription } from "@pulumi/gcp/pubsub/subscription";
import { customerService } from "../../catalogue";
import { grantsIn } from "../access/grants";
import { isMissing, type Known, type Props } from "../known";
import { ofAnyType, ofType, type Rule } from "../rule";

/** The one service that the internet may call: it asks every caller for a customer's key. */
const PUBLIC_SERVICE = `tollgate-${customerService.name}`;

/** IAM members for everyone, for all holders of a role on a project, or for another provider's identities. */
const EVERYBODY =
  /^(allUsers|allAuthenticatedUsers|principal(Set)?:\/\/.*|project(Viewer|Editor|Owner):.*|domain:.*\*.*)$/i;

type FirewallProps = Known<ConstructorParameters<typeof Firewall>[1]>;
type MachineProps = Known<ConstructorParameters<typeof Instance>[1]>;

const publicAddresses = ({ networkInterfaces = [] }: MachineProps): string[] =>
  networkInterfaces.flatMap((networkInterface, index) => {
    const { accessConfigs = [], ipv6AccessConfigs = [] } = networkInterface ?? {};
    return accessConfigs.length + ipv6AccessConfigs.length > 0
      ? [`networkInterfaces[${index}] has a public address`]
      : [];
  });

export const vmPrivate: Rule = {
  name: "vm-private",
  description: "No VM has a public address.",
  severity: "critical",
  remedy: "Remove accessConfigs and ipv6AccessConfigs from the VM's network interfaces",
  checks: [
    ofType(Instance, publicAddresses),
    ofType(InstanceTemplate, (props) => publicAddresses(props as MachineProps)),
  ],
};

/** Private addresses, and those of Google's APIs: https://cloud.google.com/vpc/docs/configure-private-google-access */
const IN_NETWORK = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|199\.36\.153\.)[\d.]+$/;

export const networkPrivate: Rule = {
  name: "network-private",
  description:
    "The network's names and addresses stay inside it, and what runs on a schedule calls Google's APIs only.",
  severity: "critical",
  remedy: "Take the setting away",
  checks: [
    ofType(Subnetwork, ({ ipv6AccessType }) =>
      ipv6AccessType === "EXTERNAL" ? ["ipv6AccessType is EXTERNAL"] : [],
    ),
    ofType(ManagedZone, ({ visibility }) =>
      visibility === "private" ? [] : [`visibility is ${visibility ?? "not set"}`],
    ),
    ofType(RecordSet, ({ rrdatas = [] }) =>
      rrdatas
        .filter((address) => address !== undefined && !IN_NETWORK.test(address))
        .map(
          (address) => `rrdatas has ${address}, which is not an address of the network or of Google's APIs`,
        ),
    ),
    ofType(Subscription, ({ pushConfig }) => (pushConfig ? ["pushConfig sends log lines elsewhere"] : [])),
    ofType(Schedule, ({ httpTarget }) => {
      const uri = httpTarget?.uri;
      if (Object.keys(httpTarget?.headers ?? {}).some((header) => /^(authorization|cookie)$/i.test(header)))
        return ["httpTarget.headers has credentials: oauthToken provides them"];
      return uri === undefined || /^https:\/\/[a-z-]+\.googleapis\.com\//.test(uri)
        ? []
        : [`httpTarget.uri ${uri.split("?")[0]} is not one of Google's APIs`];
    }),
  ],
};

export const ingress: Rule = {
  name: "ingress-internal",
  description:
    "Only the agent and what operators reach through the Identity-Aware Proxy take calls from outside.",
  severity: "critical",
  remedy:
    "Set ingress to INGRESS_TRAFFIC_INTERNAL_ONLY, or put the service behind the Identity-Aware Proxy (iapEnabled)",
  checks: [
    ofType(Service, ({ name, ingress, iapEnabled, invokerIamDisabled }) => {
      if (name === PUBLIC_SERVICE || ingress === "INGRESS_TRAFFIC_INTERNAL_ONLY") return [];
      if (iapEnabled === true && invokerIamDisabled !== true) return [];
      return [`${name} has ingress ${ingress ?? "not set"} and does not authenticate its callers`];
    }),
  ],
};

export const noAllUsers: Rule = {
  name: "no-all-users",
  description: "Only the agent is public.",
  severity: "critical",
  remedy: "Grant the role to a service account or a group",
  checkStack: (resources) =>
    grantsIn(resources)
      .filter(({ member = "" }) => EVERYBODY.test(member))
      .filter(
        ({ type, props, role }) =>
          !(
            type.startsWith("gcp:cloudrunv2/service") &&
            props.name === PUBLIC_SERVICE &&
            role === "roles/run.invoker"
          ),
      )
      .map(({ name, role, member }) => `${name} grants ${role} to ${member}`),
};

/**
 * Where connections may come from: private addresses, Google's Identity-Aware Proxy and its health checks
 * (https://cloud.google.com/iap/docs/using-tcp-forwarding, https://cloud.google.com/load-balancing/docs/firewall-rules).
 */
const OF_GOOGLE = ["35.235.240.0/20", "35.191.0.0/16", "130.211.0.0/22"];
const TRUSTED = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8", ...OF_GOOGLE];

export const firewall: Rule = {
  name: "firewall-closed",
  description: "No firewall rule admits connections from outside the network.",
  severity: "critical",
  remedy: "Name private source ranges, source service accounts or source tags",
  checks: [
    ofType(Firewall, (props) => {
      const { direction = "INGRESS", allows = [], disabled, sourceRanges = [] } = props;
      if (direction !== "INGRESS" || allows.length === 0 || disabled === true) return [];
      const sources = ["sourceRanges", "sourceTags", "sourceServiceAccounts"] as const;
      const named = sources.some((key) => !isMissing(props, key) && props[key]?.length !== 0);
      return named
        ? [...outside(sourceRanges), ...wide(props)]
        : ["It names no source, so that the whole internet is one"];
    }),
    // The rules of firewall policies share one shape: network, regional, hierarchical.
    ofAnyType((props, { type }) => {
      if (!/^gcp:compute\/.*(FirewallPolicy\w*Rule|SecurityPolicyRule)$/.test(type)) return [];
      const { direction = "INGRESS", action, match, disabled } = props as Props;
      if (direction !== "INGRESS" || action !== "allow" || disabled === true) return [];
      const ranges: string[] = match?.srcIpRanges ?? match?.config?.srcIpRanges ?? [];
      return ranges.length === 0 && !match?.srcSecureTags?.length
        ? ["It names no source, so that the whole internet is one"]
        : outside(ranges);
    }),
  ],
};

/** What Google's own addresses are admitted to beyond one port of some machines: they stand for whoever may use the tunnel. */
function wide({
  sourceRanges = [],
  allows = [],
  targetTags,
  targetServiceAccounts,
}: FirewallProps): string[] {
  if (!sourceRanges.some((range) => OF_GOOGLE.includes(range ?? ""))) return [];
  const all = allows.filter(
    (allowed) => !allowed?.ports?.length || allowed.ports.some((port) => /-/.test(port ?? "")),
  );
  return [
    ...all.map(
      (allowed) => `It admits the tunnel to more than single ports of ${allowed?.protocol ?? "a protocol"}`,
    ),
    ...(targetTags?.length || targetServiceAccounts?.length ? [] : ["It admits the tunnel to every machine"]),
  ];
}

function outside(ranges: (string | undefined)[]): string[] {
  return ranges
    .filter((range) => range !== undefined && !isTrusted(range))
    .map((range) => `It admits ${range}, which is not a private range`);
}

/** Whether a range lies in one that is trusted: a part of it does not help. */
function isTrusted(range: string): boolean {
  const [address = "", bits] = range.split("/");
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const length = bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits);
  return TRUSTED.some((trusted) => {
    const [base = "", prefix = "0"] = trusted.split("/");
    if (base.includes(":") !== address.includes(":") || !(length >= Number(prefix))) return false;
    const list = new BlockList();
    list.addSubnet(base, Number(prefix), family);
    return list.check(address, family);
  });
}
