import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../../infra/config";
import { plan, readStackFile, type PlannedResource } from "../../infra/plan";
import { recordResources } from "../../infra/plan/monitor";
import { program } from "../../infra/program";
import { DIGEST } from "./support/planned";

const SECRETS = ["anthropicApiKey", "slackWebhookUrl", "pagerdutyRoutingKey", "smtpPassword"];

/** What an update says to a stack's configuration; "accepted" when nothing. */
async function verdict(
  changes: Record<string, string | null>,
  stack = "dev",
  { update = false } = {},
): Promise<string> {
  await pulumi.runtime.setMocks(
    { call: ({ inputs }) => inputs, newResource: () => ({ id: undefined, state: {} }) },
    "tollgate",
    stack,
    !update,
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

it("takes the agent's address and the issuer of its tokens", async () => {
  const issuer = { "tollgate:oauthIssuer": "https://login.example.com" };
  expect(await verdict({ ...issuer, "tollgate:publicUrl": "https://agent.example.com" })).toBe("accepted");
  expect(await verdict(issuer)).toContain("tollgate:publicUrl is missing: tokens of tollgate:oauthIssuer");
});

it.each([
  [
    "tollgate:publicUrl",
    "http://agent.example.com",
    'tollgate:publicUrl "http://agent.example.com" must be an https address, such as https://agent.example.com',
  ],
  ["tollgate:oauthIssuer", "login", 'tollgate:oauthIssuer "login" must be an https address'],
  ["tollgate:environment", "Staging 1", 'tollgate:environment "Staging 1" must be a name'],
  ["tollgate:environment", "staging", 'tollgate:class is missing: say whether the environment "staging"'],
  ["tollgate:class", "test", 'tollgate:class "test" must be one of dev, prod'],
  ["tollgate:minInstances", "2", "tollgate:minInstances is not a setting"],
  [
    "tollgate:projectNummer",
    "1",
    "tollgate:projectNummer is not a setting: did you mean tollgate:projectNumber?",
  ],
  ["tollgate:anthropicKey", "1", "tollgate:anthropicKey is not a setting"],
  [
    "tollgate:sizes",
    '{"minInstance": 2}',
    "tollgate:sizes.minInstance is not a setting: did you mean tollgate:sizes.minInstances?",
  ],
  [
    "tollgate:sizes",
    '{"postgresTier": "large"}',
    'tollgate:sizes.postgresTier "large" must be a machine type',
  ],
  ["tollgate:sizes", '{"maxInstances": 0}', "tollgate:sizes.maxInstances"],
  ["tollgate:alertEmail", '{"too": "a@b.de"}', "tollgate:alertEmail.too is not a setting: did you mean"],
  [
    "tollgate:imageRegistry",
    "docker.io/tollgate",
    'tollgate:imageRegistry "docker.io/tollgate" must be a repository',
  ],
  [
    "gcp:region",
    "europe-west99",
    'gcp:region "europe-west99" must be a region of Cloud Run: name one of africa-south1',
  ],
  ["gcp:project", "My Project", 'gcp:project "My Project" must be a project id: `gcloud projects list`'],
  ["tollgate:projectNumber", "tollgate", 'tollgate:projectNumber "tollgate" must be a project number'],
  ["tollgate:phase", "6", "tollgate:phase"],
  ["tollgate:phase", "two", "tollgate:phase"],
  ["tollgate:deployment", "gke", 'tollgate:deployment "gke" must be one of cloud-run, gce-vm'],
  ["tollgate:owner", "The Team", 'tollgate:owner "The Team" must be a label'],
  [
    "tollgate:operators",
    "[]",
    "tollgate:operators must not be empty: list who may open Grafana and Langfuse",
  ],
  [
    "tollgate:operators",
    '["me"]',
    'tollgate:operators.0 "me" must be an IAM member, such as group:platform@example.com',
  ],
  ["tollgate:images", '{"agent":"latest"}', 'tollgate:images.agent "latest" must be a digest: write sha256:'],
  ["tollgate:images", `{"grafana":"${DIGEST}"}`, "tollgate:images"],
  [
    "tollgate:tiers",
    '{"tier_2":{"monthlyBudget":"120"}}',
    "tollgate:tiers.tier_2.monthlyBudget (is 120000000000): $120.00 is not below the tier's price $99.00: lower the budget",
  ],
  [
    "tollgate:tiers",
    '{"tier_9":{"monthlyBudget":"1"}}',
    "tollgate:tiers.tier_9 is not a tier: name one of tier_1",
  ],
  [
    "tollgate:tiers",
    '{"tier_1":{"monthlyBudget":"eight"}}',
    'tollgate:tiers.tier_1.monthlyBudget "eight" must be a dollar amount',
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
  const said = await verdict({ "tollgate:phaze": "1", "gcp:region": "mars" });
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

it("lets prod run only what was promoted; an update of dev only what CI has pushed", async () => {
  expect(await verdict({ "tollgate:images": JSON.stringify({ agent: DIGEST }) }, "prod")).toContain(
    "tollgate:images.gateway is missing: prod runs what dev has proven, `npm run promote` writes it",
  );
  // A preview of a pull request goes on: its images are not built yet.
  expect(await verdict({ "tollgate:images": null }, "dev")).toBe("accepted");
  expect(await verdict({ "tollgate:images": null }, "dev", { update: true })).toContain(
    "tollgate:images.agent is missing: `npm run images -- push --stack dev` builds it",
  );
});

it("stops before the first resource is registered", async () => {
  const registered: PlannedResource[] = [];
  await recordResources("dev", registered);
  const settings = readStackFile("dev");
  pulumi.runtime.setAllConfig(
    { ...settings.values, "tollgate:environment": "Staging 1" },
    settings.secretKeys,
  );
  expect(() => program(readConfig({ planning: true }))).toThrow('tollgate:environment "Staging 1"');
  expect(registered).toEqual([]);
});

it("takes any number of environments, each sized and protected as its class says, or by sizes of its own", async () => {
  const settings = readStackFile("dev");
  const values = { ...settings.values, "tollgate:environment": "staging", "tollgate:class": "prod" };
  const sizes = JSON.stringify({ minInstances: 3, clickhouseDiskGiB: 40 });
  const planned = await plan("staging", { ...settings, values: { ...values, "tollgate:sizes": sizes } });
  const of = (type: string, name: string) =>
    planned.resources.find((each) => each.type === type && each.name === name)!;
  expect(of("gcp:cloudrunv2/service:Service", "agent").inputs).toMatchObject({
    deletionProtection: true,
    labels: { environment: "staging", class: "prod" },
    template: { scaling: { minInstanceCount: 3 } },
  });
  expect(of("gcp:compute/disk:Disk", "clickhouse-data").inputs).toMatchObject({ size: 40 });
});
