import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../../infra/config";
import { readStackFile, type PlannedResource } from "../../infra/plan";
import { recordResources } from "../../infra/plan/monitor";
import { program } from "../../infra/program";
import { DIGEST } from "./support/planned";

const SECRETS = ["anthropicApiKey", "slackWebhookUrl", "pagerdutyRoutingKey", "smtpPassword"];

/** What an update says to a stack's configuration; "accepted" when nothing. */
async function verdict(changes: Record<string, string | null>, stack = "dev"): Promise<string> {
  await pulumi.runtime.setMocks(
    { call: ({ inputs }) => inputs, newResource: () => ({ id: undefined, state: {} }) },
    "tollgate",
    stack,
    true,
  );
  const values: Record<string, string | null> = {
    ...readStackFile(stack).values,
    ...Object.fromEntries(SECRETS.map((key) => [`tollgate:${key}`, "value"])),
    ...(stack === "prod" ? { "tollgate:images": JSON.stringify({ agent: DIGEST, gateway: DIGEST }) } : {}),
    ...changes,
  };
  const kept = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
  pulumi.runtime.setAllConfig(Object.fromEntries(kept), []);
  try {
    readConfig();
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

it.each(["dev", "prod"])("%s is accepted once its secrets are set", async (stack) => {
  expect(await verdict({}, stack)).toBe("accepted");
});

it.each([
  [
    "tollgate:environment",
    "staging",
    'tollgate:environment "staging" is none of dev, prod: name one of them',
  ],
  [
    "gcp:region",
    "europe-west99",
    'gcp:region "europe-west99" is no region of Cloud Run: name one of africa-south1',
  ],
  ["gcp:project", "My Project", 'gcp:project "My Project" is no project id: `gcloud projects list`'],
  ["tollgate:projectNumber", "tollgate", 'tollgate:projectNumber "tollgate" is no project number'],
  ["tollgate:phase", "6", "tollgate:phase"],
  ["tollgate:phase", "two", "tollgate:phase"],
  ["tollgate:deployment", "gke", 'tollgate:deployment "gke" is none of cloud-run, gce-vm: name one of them'],
  ["tollgate:owner", "The Team", 'tollgate:owner "The Team" is no label'],
  ["tollgate:operators", "[]", "tollgate:operators names nobody: list who may open Grafana and Langfuse"],
  [
    "tollgate:operators",
    '["me"]',
    'tollgate:operators.0 "me" is no IAM member: write as group:platform@example.com',
  ],
  ["tollgate:images", '{"agent":"latest"}', 'tollgate:images.agent "latest" is no digest: write sha256:'],
  ["tollgate:images", `{"grafana":"${DIGEST}"}`, "tollgate:images"],
  [
    "tollgate:tiers",
    '{"tier_2":{"monthlyBudget":"120"}}',
    "tollgate:tiers.tier_2.monthlyBudget (is 120000000000): $120.00 is not below the tier's price $99.00: lower the budget",
  ],
  [
    "tollgate:tiers",
    '{"tier_9":{"monthlyBudget":"1"}}',
    'tollgate:tiers "tier_9" is no tier: name one of tier_1',
  ],
  [
    "tollgate:tiers",
    '{"tier_1":{"monthlyBudget":"eight"}}',
    'tollgate:tiers.tier_1.monthlyBudget "eight" is no dollar amount',
  ],
  ["tollgate:monthlyCostCeiling", "0", "tollgate:monthlyCostCeiling"],
  ["tollgate:monthlyWorstCaseCeiling", "0", "tollgate:monthlyWorstCaseCeiling"],
])("%s = %s is refused: key, value, remedy", async (key, value, message) => {
  const said = await verdict({ [key]: value });
  expect(said).toMatch(/^Pulumi\.dev\.yaml is not usable:\n {2}/);
  expect(said).toContain(message);
});

const required = ["environment", "projectNumber", "phase", "owner", "operators"];
const ceilings = ["monthlyCostCeiling", "monthlyWorstCaseCeiling"];

it.each([...required, ...ceilings])("a missing tollgate:%s is refused", async (key) => {
  expect(await verdict({ [`tollgate:${key}`]: null })).toContain(
    `tollgate:${key} is missing: \`pulumi config set tollgate:${key} ...\``,
  );
});

it("takes a budget as the engine's command writes it: as a number", async () => {
  expect(await verdict({ "tollgate:tiers": '{"tier_2":{"monthlyBudget":20.5}}' })).toBe("accepted");
});

it("names every finding at once", async () => {
  const said = await verdict({ "tollgate:environment": "staging", "gcp:region": "mars" });
  expect(said.split("\n")).toHaveLength(3);
});

it("asks for a secret from the phase on that needs it", async () => {
  const missing = "tollgate:slackWebhookUrl is missing (the incoming webhook";
  expect(await verdict({ "tollgate:slackWebhookUrl": null })).toContain(missing);
  expect(await verdict({ "tollgate:slackWebhookUrl": null, "tollgate:phase": "3" })).toBe("accepted");
  expect(await verdict({ "tollgate:anthropicApiKey": null, "tollgate:phase": "1" })).toContain(
    "`pulumi config set --secret tollgate:anthropicApiKey`",
  );
});

it("lets prod run only what was promoted; dev builds what it does not have", async () => {
  expect(await verdict({ "tollgate:images": JSON.stringify({ agent: DIGEST }) }, "prod")).toContain(
    "tollgate:images.gateway is missing: prod runs what dev has proven, `npm run promote` writes it",
  );
  expect(await verdict({ "tollgate:images": null }, "dev")).toBe("accepted");
});

it("stops before the first resource is registered", async () => {
  const registered: PlannedResource[] = [];
  await recordResources("dev", registered);
  const settings = readStackFile("dev");
  pulumi.runtime.setAllConfig({ ...settings.values, "tollgate:environment": "staging" }, settings.secretKeys);
  expect(() => program(readConfig({ planning: true }))).toThrow('tollgate:environment "staging"');
  expect(registered).toEqual([]);
});
