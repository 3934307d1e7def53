import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { budgetEnforcer, customerService } from "../../catalogue";
import { isService } from "../deployed/container";
import { allContainers, type Container } from "../deployed/containers";
import { filesOf } from "../deployed/files";
import { allOf, type Rule } from "../rule";
import { isGuardFile, isLitellmFile, litellmRule } from "./deployed";

const PLUGIN = "tollgate_guard.plugin.guard";
const AUTHENTICATE = "tollgate_guard.plugin.authenticate";

export const guardOn = litellmRule({
  name: "guard-on",
  description: "LiteLLM runs with the guard, knows callers only through it, and fails closed.",
  severity: "critical",
  remedy: "Render the gateway's configuration with `npm run render` and deploy that",
  check: ({ litellm_settings, general_settings }) => {
    const findings = [];
    const callbacks: unknown = litellm_settings?.callbacks;
    if (!Array.isArray(callbacks) || !callbacks.includes(PLUGIN)) {
      findings.push(`litellm_settings.callbacks ${JSON.stringify(callbacks ?? [])} does not name ${PLUGIN}`);
    }
    if (general_settings?.custom_auth !== AUTHENTICATE) {
      findings.push(
        `general_settings.custom_auth is ${JSON.stringify(general_settings?.custom_auth ?? null)}, not ${AUTHENTICATE}`,
      );
    }
    if (general_settings?.allow_requests_on_db_unavailable) {
      findings.push("general_settings.allow_requests_on_db_unavailable is true: calls would pass unchecked");
    }
    return findings;
  },
});

export const guardDeployed: Rule = {
  name: "guard-deployed",
  description: "A stack with a gateway has budgets, and a ledger to enforce them.",
  severity: "critical",
  remedy: "Deploy the gateway with the Gateway component of components/gateway.ts",
  checkStack: (resources) => {
    const containers = allContainers(resources);
    const gateways = containers.filter(isGateway);
    if (
      gateways.length === 0 &&
      allOf(resources, Service).some(({ props }) => isService(props.name ?? "", budgetEnforcer))
    ) {
      return ["The gateway's service does not run the gateway"];
    }
    if (gateways.length === 0) {
      const served = containers.some(({ workload }) => isService(workload, customerService));
      return served ? ["The stack has an agent and no gateway: its calls would pass unchecked"] : [];
    }
    const files = filesOf(resources);
    return [
      ...(files.some(isGuardFile) ? [] : ["The stack has a gateway and no guard.json"]),
      ...(files.some(isLitellmFile) ? [] : ["The stack has a gateway and no config.yaml"]),
      ...gateways.flatMap(wiring),
    ];
  },
};

/** The gateway's collector is not the gateway. */
function isGateway({ workload, name }: Container): boolean {
  return isService(workload, budgetEnforcer) && isService(name, budgetEnforcer);
}

function wiring({ env, secrets, command }: Container): string[] {
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const config = values.get("TOLLGATE_GUARD_CONFIG");
  const findings = [];
  if (!secrets.some(({ as }) => as === "TOLLGATE_LEDGER_URL")) {
    findings.push("The gateway has no TOLLGATE_LEDGER_URL");
  }
  if (config === undefined) findings.push("The gateway has no TOLLGATE_GUARD_CONFIG");
  else if (!/\/guard\.json$/.test(config)) {
    findings.push(`The gateway's TOLLGATE_GUARD_CONFIG is ${config}, not a guard.json`);
  }
  const at = command.indexOf("--config");
  if (command.length > 0 && !/\/config\.yaml$/.test(command[at + 1] ?? "")) {
    findings.push(`The gateway runs ${command.join(" ")} and not with --config and its config.yaml`);
  }
  return findings;
}
