import { stringify } from "yaml";
import type { Resource } from "../../policies/evaluate";
import { deployed, file } from "./guard-files";
import { judge } from "./judge";

describe("guard-on", () => {
  const remedy = "Render the gateway's configuration with `npm run render` and deploy that";
  const good = {
    litellm_settings: { callbacks: ["tollgate_guard.plugin.guard", "prometheus"] },
    general_settings: { custom_auth: "tollgate_guard.plugin.authenticate" },
  };

  it.each<[string, object, string[]]>([
    ["passes with the guard", good, []],
    [
      "no callbacks",
      { ...good, litellm_settings: {} },
      ["litellm_settings.callbacks [] does not name tollgate_guard.plugin.guard"],
    ],
    [
      "other callbacks",
      { ...good, litellm_settings: { callbacks: ["prometheus"] } },
      ['litellm_settings.callbacks ["prometheus"] does not name tollgate_guard.plugin.guard'],
    ],
    [
      "callbacks as text, which LiteLLM would read otherwise",
      { ...good, litellm_settings: { callbacks: "tollgate_guard.plugin.guard" } },
      ['litellm_settings.callbacks "tollgate_guard.plugin.guard" does not name tollgate_guard.plugin.guard'],
    ],
    [
      "its own keys",
      { litellm_settings: good.litellm_settings },
      ["general_settings.custom_auth is null, not tollgate_guard.plugin.authenticate"],
    ],
    [
      "failing open",
      { ...good, general_settings: { ...good.general_settings, allow_requests_on_db_unavailable: true } },
      ["general_settings.allow_requests_on_db_unavailable is true: calls would pass unchecked"],
    ],
    [
      "an empty file",
      {},
      [
        "litellm_settings.callbacks [] does not name tollgate_guard.plugin.guard",
        "general_settings.custom_auth is null, not tollgate_guard.plugin.authenticate",
      ],
    ],
  ])("%s", async (_, config, findings) =>
    expect(await judge("guard-on", [file("config.yaml", stringify(config))])).toEqual(
      findings.map((finding) => `mandatory: ${finding}. ${remedy}`),
    ),
  );

  it("looks at LiteLLM's file only", async () =>
    expect(await judge("guard-on", [file("other.yaml", "{}")])).toEqual([]));
});

describe("guard-deployed", () => {
  const remedy = "Deploy the gateway with the Gateway component of components/gateway.ts";
  const gateway = (...variables: string[]): Resource => ({
    type: "gcp:cloudrunv2/service:Service",
    name: "gateway",
    props: {
      name: "tollgate-gateway",
      template: {
        containers: [
          { name: "gateway", envs: variables.map((name) => VARIABLES[name]) },
          { name: "sidecar" },
        ],
      },
    },
  });
  const VARIABLES: Record<string, object> = {
    TOLLGATE_LEDGER_URL: {
      name: "TOLLGATE_LEDGER_URL",
      valueSource: { secretKeyRef: { secret: "ledger-guard-url" } },
    },
    TOLLGATE_GUARD_CONFIG: { name: "TOLLGATE_GUARD_CONFIG", value: "/etc/tollgate/guard.json" },
  };
  const both = ["TOLLGATE_LEDGER_URL", "TOLLGATE_GUARD_CONFIG"];
  const litellm = file("config.yaml", "{}");

  it.each<[string, Resource[], string[]]>([
    ["passes with budgets and a ledger", [gateway(...both), ...deployed(), litellm], []],
    ["passes a stack without a gateway", [], []],
    ["no budgets", [gateway(...both), litellm], ["The stack has a gateway and no guard.json"]],
    [
      "no ledger",
      [gateway("TOLLGATE_GUARD_CONFIG"), ...deployed(), litellm],
      ["The gateway has no TOLLGATE_LEDGER_URL"],
    ],
    [
      "no configuration",
      [gateway("TOLLGATE_LEDGER_URL"), ...deployed(), litellm],
      ["The gateway has no TOLLGATE_GUARD_CONFIG"],
    ],
    [
      "no containers",
      [{ ...gateway(), props: { name: "tollgate-gateway" } }, ...deployed()],
      ["The gateway's service does not run the gateway"],
    ],
  ])("%s", async (_, resources, findings) =>
    expect(await judge("guard-deployed", resources)).toEqual(
      findings.map((finding) => `mandatory: ${finding}. ${remedy}`),
    ),
  );
});
