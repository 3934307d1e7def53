import type { Rule } from "../rule";
import { CONFIG_FILE, isGuardFile, litellmRule } from "./deployed";

const PLUGIN = "tollgate_guard.plugin.guard";
const AUTHENTICATE = "tollgate_guard.plugin.authenticate";
const GATEWAY_SERVICE = "tollgate-gateway";
const RUN_SERVICE = "gcp:cloudrunv2/service:Service";

export const guardOn = litellmRule({
  name: "guard-on",
  description: "LiteLLM runs with the guard, knows callers only through it, and fails closed.",
  severity: "critical",
  remedy: "Render the gateway's configuration with `npm run render` and deploy that",
  check: ({ litellm_settings = {}, general_settings = {} }) => {
    const findings = [];
    const callbacks: unknown = litellm_settings.callbacks;
    if (!Array.isArray(callbacks) || !callbacks.includes(PLUGIN)) {
      findings.push(`litellm_settings.callbacks ${JSON.stringify(callbacks ?? [])} does not name ${PLUGIN}`);
    }
    if (general_settings.custom_auth !== AUTHENTICATE) {
      findings.push(
        `general_settings.custom_auth is ${JSON.stringify(general_settings.custom_auth ?? null)}, not ${AUTHENTICATE}`,
      );
    }
    if (general_settings.allow_requests_on_db_unavailable) {
      findings.push("general_settings.allow_requests_on_db_unavailable is true: calls would pass unchecked");
    }
    return findings;
  },
});

export const guardDeployed: Rule = {
  name: "guard-deployed",
  description: "A stack with a gateway gives it budgets and a ledger to enforce them with.",
  severity: "critical",
  remedy: "Deploy the gateway with the Gateway component of components/gateway.ts",
  checkStack: (resources) => {
    const gateway = resources.find(
      ({ type, props }) => type === RUN_SERVICE && props.name === GATEWAY_SERVICE,
    );
    if (!gateway) return [];
    const findings = [];
    if (!resources.some(({ type, props }) => type === CONFIG_FILE && isGuardFile(props))) {
      findings.push("The stack has a gateway and no guard.json");
    }
    const containers: { name?: string; envs?: { name: string }[] }[] =
      gateway.props.template?.containers ?? [];
    const set = new Set(containers.flatMap(({ envs = [] }) => envs.map(({ name }) => name)));
    for (const variable of ["TOLLGATE_LEDGER_URL", "TOLLGATE_GUARD_CONFIG"]) {
      if (!set.has(variable)) findings.push(`The gateway has no ${variable}`);
    }
    return findings;
  },
};
