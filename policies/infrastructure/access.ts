import type { Rule } from "../rule";
import { containersOf } from "./containers";
import { RUN_JOB, RUN_SERVICE, SECRET_MEMBER, VM } from "./types";

/** The one service that the internet may call: it asks every caller for a customer's key. */
const PUBLIC_SERVICE = "tollgate-agent";

/** The one service account that reads the providers' keys, and the secrets that hold them. */
const GATEWAY_ACCOUNT = /^serviceAccount:tollgate-gateway@/;
const PROVIDER_KEYS = ["anthropic-api-key", "self-hosted-api-key"];

export const vmPrivate: Rule = {
  name: "vm-private",
  description: "No VM has a public address.",
  severity: "critical",
  remedy: "Remove accessConfigs and ipv6AccessConfigs from the VM's network interfaces",
  types: [VM],
  check: ({ networkInterfaces = [] }) =>
    (networkInterfaces as { accessConfigs?: unknown[]; ipv6AccessConfigs?: unknown[] }[]).flatMap(
      ({ accessConfigs = [], ipv6AccessConfigs = [] }, i) =>
        accessConfigs.length + ipv6AccessConfigs.length > 0
          ? [`networkInterfaces[${i}] has a public address`]
          : [],
    ),
};

export const ingress: Rule = {
  name: "ingress-internal",
  description:
    "Only the agent and what operators reach through the Identity-Aware Proxy take calls from outside.",
  severity: "critical",
  remedy:
    "Set ingress to INGRESS_TRAFFIC_INTERNAL_ONLY, or put the service behind the Identity-Aware Proxy (iapEnabled)",
  types: [RUN_SERVICE],
  check: ({ name, ingress, iapEnabled, invokerIamDisabled }) => {
    if (name === PUBLIC_SERVICE || ingress === "INGRESS_TRAFFIC_INTERNAL_ONLY") return [];
    if (iapEnabled === true && invokerIamDisabled !== true) return [];
    return [`${name} has ingress ${ingress ?? "not set"} and nobody asks its callers who they are`];
  },
};

export const noAllUsers: Rule = {
  name: "no-all-users",
  description: "Nothing but the agent is granted to everybody.",
  severity: "critical",
  remedy: "Grant the role to a service account or a group",
  check: (props, { type, name }) => {
    const members: unknown[] = [props.member, ...(Array.isArray(props.members) ? props.members : [])];
    const everybody = members.filter((member) => member === "allUsers" || member === "allAuthenticatedUsers");
    const isAgent = type.startsWith("gcp:cloudrunv2/") && props.name === PUBLIC_SERVICE;
    return isAgent ? [] : everybody.map((member) => `${name} grants ${props.role} to ${String(member)}`);
  },
};

export const providerKeys: Rule = {
  name: "provider-keys-at-gateway",
  description: "Only the gateway holds a provider's key: every call passes it or cannot be made.",
  severity: "critical",
  remedy: "Take the secret from the service and let it call the gateway",
  types: [RUN_SERVICE, RUN_JOB, SECRET_MEMBER],
  check: (props, { type, name }) => {
    if (type === SECRET_MEMBER) {
      const isKey = PROVIDER_KEYS.some((key) => String(props.secretId ?? "").endsWith(key));
      // The account's address is known once the account exists; until then the name of the binding tells.
      const isGateway = props.member ? GATEWAY_ACCOUNT.test(props.member) : name.startsWith("gateway-");
      return isKey && !isGateway
        ? [`${name} lets ${props.member ?? "another account"} read ${props.secretId}`]
        : [];
    }
    if (props.name === "tollgate-gateway") return [];
    return containersOf(props, type).flatMap(({ envs = [] }) =>
      envs
        .map(({ valueSource }) => String(valueSource?.secretKeyRef?.secret ?? ""))
        .filter((secret) => PROVIDER_KEYS.some((key) => secret.endsWith(key)))
        .map((secret) => `${props.name} is given ${secret}`),
    );
  },
};
