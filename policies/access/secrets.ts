import type { PolicyResource } from "@pulumi/policy";
import { budgetEnforcer } from "../../catalogue";
import { isService } from "../deployed/container";
import { allContainers } from "../deployed/containers";
import type { Rule } from "../rule";
import { grantsIn, memberOf, type Grant } from "./grants";
import { gatewayAccount, isFor } from "./identities";

/** Secrets that a provider takes for a payment: whoever reads one can spend past the budgets. */
const PROVIDER_KEY = /(^|[/_-])(anthropic|openai|gemini|google-ai|mistral|self-hosted)[\w-]*(key|token)$/i;

export const providerKeys: Rule = {
  name: "provider-keys-at-gateway",
  description: "Only the gateway holds a provider's key: every call passes it or cannot be made.",
  severity: "critical",
  remedy: "Take the secret from the service and let it call the gateway",
  checkStack: (resources) => {
    const gateway = gatewayAccount(resources);
    const readers = secretGrants(resources)
      .filter((grant) => PROVIDER_KEY.test(secretOf(grant)) && !isFor(gateway, grant))
      .map((grant) => `${grant.name} lets ${memberOf(grant)} read ${secretOf(grant)}`);
    const holders = allContainers(resources)
      .filter(({ workload }) => !isService(workload, budgetEnforcer))
      .flatMap(({ workload, secrets }) =>
        secrets
          .filter(({ secret }) => PROVIDER_KEY.test(secret))
          .map(({ secret }) => `${workload} uses ${secret}`),
      );
    return [...readers, ...holders];
  },
};

export const secretsByUse: Rule = {
  name: "secrets-by-use",
  description: "A service on Cloud Run may read the secrets that it uses, and no other.",
  severity: "critical",
  remedy: "Remove the binding, or add the secret to the service",
  checkStack: (resources) => {
    const containers = allContainers(resources);
    const workloads = new Set(containers.map(({ workload }) => workload));
    return secretGrants(resources).flatMap((grant) =>
      grant.accounts
        .filter((account) => workloads.has(account) && secretOf(grant) !== "")
        .filter(
          (account) =>
            !containers.some(
              ({ workload, secrets }) =>
                workload === account && secrets.some(({ secret }) => sameSecret(secret, secretOf(grant))),
            ),
        )
        .map((account) => `${grant.name} lets ${account} read ${secretOf(grant)}, which it does not use`),
    );
  },
};

export const secretsInParts: Rule = {
  name: "secrets-one-by-one",
  description: "Secrets are granted one by one to service accounts, with the right to read and no more.",
  severity: "critical",
  remedy: "Grant roles/secretmanager.secretAccessor on each secret that the workload reads",
  checkStack: (resources) => [
    ...grantsIn(resources)
      .filter(({ scope, role }) => scope === "wide" && /^roles\/secretmanager\./.test(role))
      .map((grant) => `${grant.name} lets ${memberOf(grant)} read every secret`),
    ...secretGrants(resources)
      .filter(
        ({ role, member = "serviceAccount:" }) =>
          role !== "roles/secretmanager.secretAccessor" || !member.startsWith("serviceAccount:"),
      )
      .map((grant) => `${grant.name} grants ${grant.role} on ${secretOf(grant)} to ${memberOf(grant)}`),
  ],
};

/** The budgets, routes and rules are read from this bucket: who may write there sets them. */
export const configReadOnly: Rule = {
  name: "configuration-read-only",
  description:
    "Workloads read the configuration bucket and cannot write to it: budgets change by a deployment only.",
  severity: "critical",
  remedy: "Grant roles/storage.objectViewer",
  checkStack: (resources) =>
    grantsIn(resources)
      .filter(
        ({ type, props }) => type.startsWith("gcp:storage/") && /(^|-)config$/.test(String(props.bucket)),
      )
      .filter(({ role }) => role !== "roles/storage.objectViewer")
      .map((grant) => `${grant.name} grants ${grant.role} on ${grant.props.bucket} to ${memberOf(grant)}`),
};

function secretGrants(resources: PolicyResource[]): Grant[] {
  return grantsIn(resources).filter(({ type }) => type.startsWith("gcp:secretmanager/"));
}

function secretOf({ props }: Grant): string {
  return String(props.secretId ?? "");
}

function sameSecret(a: string, b: string): boolean {
  return a.split("/").at(-1) === b.split("/").at(-1);
}
