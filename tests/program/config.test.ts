import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { readConfig } from "../../infra/config";
import { withoutIdle } from "../../infra/contradictions";
import { configIn, plan, readStackFile, settingsOf, type PlannedResource } from "../../infra/plan";
import { recordResources } from "../../infra/plan/monitor";
import { program } from "../../infra/program";
import { DIGEST } from "./support/planned";

const SECRETS = {
  "tollgate:anthropicApiKey": "value",
  "tollgate:slackWebhookUrl": "https://hooks.slack.test/value",
  "tollgate:pagerdutyRoutingKey": "value",
  "tollgate:smtpPassword": "value",
};

/** What an update says to a stack's configuration; "accepted" when nothing. */
async function verdict(
  changes: Record<string, string | null>,
  stack = "dev",
  { update = false, secretKeys = Object.keys(SECRETS) } = {},
): Promise<string> {
  await pulumi.runtime.setMocks(
    { call: ({ inputs }) => inputs, newResource: () => ({ id: undefined, state: {} }) },
    "tollgate",
    stack,
    !update,
  );
  const values: Record<string, string | null> = {
    ...readStackFile(stack).values,
    ...SECRETS,
    ...(stack === "prod" ? { "tollgate:images": JSON.stringify({ agent: DIGEST, gateway: DIGEST }) } : {}),
    ...changes,
  };
  const kept = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
  pulumi.runtime.setAllConfig(Object.fromEntries(kept), [...secretKeys, "tollgate:agentKeys"]);
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
    'gcp:region "europe-west99" must be a region of Cloud Run: use one of africa-south1',
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
    "tollgate:operators [] must not be empty: list who may open Grafana and Langfuse",
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
    "tollgate:tiers.tier_9 is not a tier: use one of tier_1",
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

/** Settings as an operator writes them: a line of the file, and what is said of it. */
const WRITTEN: [yaml: string, ...findings: string[]][] = [
  // Types.
  ["tollgate:phase: 2.5", "tollgate:phase 2.5 must be a whole number"],
  ["tollgate:phase: -1", "tollgate:phase -1 must be at least 1"],
  ["tollgate:phase: 6", "tollgate:phase 6 must be at most 5"],
  ["tollgate:tempo: yes", 'tollgate:tempo "yes" must be true or false'],
  [
    "tollgate:sizes: {protect: 'true'}",
    'tollgate:sizes.protect "true" must be true or false: take the quotes away',
  ],
  [
    "tollgate:sizes: {maxInstances: '4'}",
    'tollgate:sizes.maxInstances "4" must be a number: take the quotes away',
  ],
  ["tollgate:sizes: {redisGiB: 1.5}", "tollgate:sizes.redisGiB 1.5 must be a whole number"],
  ["tollgate:sizes: [large]", 'tollgate:sizes ["large"] must have keys: protect, highAvailability'],
  ["tollgate:owner: [platform]", 'tollgate:owner ["platform"] must be text, not a list'],
  ["tollgate:owner: {team: platform}", 'tollgate:owner {"team":"platform"} must be text, not nested keys'],
  ["tollgate:owner: ~", "tollgate:owner null must have a value, or be taken out"],
  ["tollgate:operators: user:me@acme.test", 'tollgate:operators "user:me@acme.test" must be a list'],
  ["tollgate:operators: [12]", "tollgate:operators.0 12 must be text: put it in quotes"],
  ["tollgate:officeHours: 8-18", 'tollgate:officeHours "8-18" must have keys: from, to, timeZone'],
  ["tollgate:tiers: {tier_2: 20}", "tollgate:tiers.tier_2 20 must have keys: price, monthlyBudget"],
  ["tollgate:monthlyCostCeiling: $230", 'tollgate:monthlyCostCeiling "$230" must be a number'],
  // Sizes.
  ["tollgate:sizes: {minInstances: -1}", "tollgate:sizes.minInstances -1 must be at least 0"],
  ["tollgate:sizes: {redisGiB: 0}", "tollgate:sizes.redisGiB 0 must be at least 1"],
  [
    "tollgate:sizes: {clickhouseDiskGiB: 100000}",
    "tollgate:sizes.clickhouseDiskGiB 100000 must be at most 65536",
  ],
  ["tollgate:sizes: {filesMiB: 100000}", "tollgate:sizes.filesMiB 100000 must be at most 2048"],
  [
    "tollgate:sizes: {clickhouseMachine: t2a-standard-2}",
    'tollgate:sizes.clickhouseMachine "t2a-standard-2" must be one of e2-micro',
  ],
  [
    "tollgate:sizes: {postgresTier: db-custom-3-4096}",
    'tollgate:sizes.postgresTier "db-custom-3-4096" must be a machine type',
  ],
  [
    "tollgate:sizes: {postgresTier: db-custom-2-1024}",
    'tollgate:sizes.postgresTier "db-custom-2-1024" must be a machine type',
  ],
  ["tollgate:monthlyCostCeiling: -1", "tollgate:monthlyCostCeiling -1 must be at least 1"],
  [
    "tollgate:monthlyCostCeiling: 475649710300",
    "tollgate:monthlyCostCeiling 475649710300 must be at most 1000000",
  ],
  ["tollgate:tiers: {tier_2: {monthlyBudget: 0}}", "tollgate:tiers.tier_2.monthlyBudget 0 must be above 0"],
  [
    "tollgate:tiers: {tier_2: {price: 99999999}}",
    "tollgate:tiers.tier_2.price 99999999 must be a dollar amount",
  ],
  // Names and addresses.
  ["tollgate:environment: dev-", 'tollgate:environment "dev-" must be a name'],
  ["gcp:project: [acme]", 'gcp:project ["acme"] must be text, not a list'],
  ["tollgate:operators: [group:platform]", 'tollgate:operators.0 "group:platform" must be an IAM member'],
  [
    "tollgate:operators: ['user:allAuthenticatedUsers']",
    'tollgate:operators.0 "user:allAuthenticatedUsers" must be an IAM member',
  ],
  [
    "tollgate:operators: [domain:me@acme.test]",
    'tollgate:operators.0 "domain:me@acme.test" must be an IAM member',
  ],
  ["tollgate:operators: [user:a@b.de, user:a@b.de]", "must name each member once"],
  [
    "tollgate:admins: [domain:acme.test]",
    'tollgate:admins ["domain:acme.test"] must name people, not a whole domain',
  ],
  [
    "tollgate:imageRegistry: europe-west99-docker.pkg.dev/a/b",
    'tollgate:imageRegistry "europe-west99-docker.pkg.dev/a/b" must be a repository',
  ],
  [
    "tollgate:publicUrl: https://agent.acme.test/path",
    'tollgate:publicUrl "https://agent.acme.test/path" must be an address without path',
  ],
  [
    "tollgate:publicUrl: https://me:secret@agent.acme.test",
    'tollgate:publicUrl "https://...@agent.acme.test" must be an address without path',
  ],
  [
    "{tollgate:publicUrl: https://a.test, tollgate:oauthIssuer: 'https://b.test/x?y'}",
    'tollgate:oauthIssuer "https://b.test/x?y" must be an address without query',
  ],
  ["tollgate:billingAccount: billingAccounts/012345-6789AB-CDEF01", "must be a billing account"],
  [
    "tollgate:serving: {agnt: tollgate-agent-1}",
    "tollgate:serving.agnt is not a setting: did you mean tollgate:serving.agent?",
  ],
  [
    "tollgate:officeHours: {from: 8, to: 18, timeZone: europe/brussels}",
    'timeZone "europe/brussels" must be a time zone',
  ],
  // Nested keys.
  [
    "tollgate:officeHours: {from: 8, to: 18, timezone: Europe/Brussels}",
    "tollgate:officeHours.timeZone is missing: `pulumi config set --path 'tollgate:officeHours.timeZone' ...`",
    "tollgate:officeHours.timezone is not a setting: did you mean tollgate:officeHours.timeZone?",
  ],
  [
    "tollgate:tiers: {tier_2: {budget: 20}}",
    "tollgate:tiers.tier_2.budget is not a setting: use one of price, monthlyBudget",
  ],
  ...["smtp.acme.test", "smtp.acme.test:99999", "https://smtp:587"].map((smarthost): [string, string] => [
    `tollgate:alertEmail: {to: a@b.de, from: b@c.de, smarthost: '${smarthost}', username: x}`,
    `tollgate:alertEmail.smarthost "${smarthost}" must be a host and its port, such as smtp.example.com:587`,
  ]),
  // Keys of another place.
  ["tollgate:region: europe-west1", "tollgate:region is not a setting: did you mean gcp:region?"],
  ["gcp:projekt: acme", "gcp:projekt is not a setting of Google's provider: did you mean gcp:project?"],
  [
    "gcp:zone: us-central1-a",
    "gcp:zone is not used: tollgate:sizes.clickhouseZone has the letter of the zone",
  ],
  ["tolgate:owner: platform", "tolgate:owner is not a setting: did you mean tollgate:owner?"],
  ["owner: platform", "owner is not a setting: did you mean tollgate:owner?"],
  // Secrets, which are not shown.
  [
    "tollgate:slackWebhookUrl: hooks",
    "tollgate:slackWebhookUrl (a secret, not shown) must be an https address",
  ],
  ["tollgate:agentKeys: hooks", "tollgate:agentKeys (a secret, not shown) must be a JSON list"],
  ["tollgate:anthropicApiKey: ''", "tollgate:anthropicApiKey (a secret, not shown) must not be empty"],
  // Right alone, and wrong together.
  [
    "tollgate:sizes: {minInstances: 5, maxInstances: 2}",
    "tollgate:sizes.minInstances 5 must be at most tollgate:sizes.maxInstances (2)",
  ],
  ["tollgate:sizes: {cpuBetweenRequests: true}", "tollgate:sizes.cpuBetweenRequests true does nothing while"],
  [
    "tollgate:sizes: {clickhouseMemoryMiB: 4096}",
    "tollgate:sizes.clickhouseMemoryMiB 4096 must be at most 1536, which e2-small has",
  ],
  [
    "tollgate:sizes: {clickhouseZone: a}",
    'tollgate:sizes.clickhouseZone "a" must be a zone of europe-west1: one of b, c, d',
  ],
  [
    "{gcp:region: us-central1, tollgate:sizes: {clickhouseZone: d}}",
    "must be a zone of us-central1: one of a, b, c, f",
  ],
  [
    "tollgate:monthlyWorstCaseCeiling: 10",
    "tollgate:monthlyWorstCaseCeiling 10 must be at least tollgate:monthlyCostCeiling (230)",
  ],
  [
    "tollgate:operators: [domain:acme.test]",
    "tollgate:admins is missing: list who may run commands in the stack, because not everyone of domain:acme.test may",
  ],
  ["tollgate:signIn: {clientId: abc, domains: [a.test], owner: a@a.test}", "tollgate:signIn.clientId"],
  [
    "tollgate:signIn: {clientId: 1-a.apps.googleusercontent.com, domains: [], owner: a@a.test}",
    "tollgate:signIn.domains [] must not be empty: list whose people may sign in",
    "tollgate:signIn.owner",
  ],
  [
    "tollgate:signIn: {clientId: 1-a.apps.googleusercontent.com, domains: [a.test], owner: me@b.test}",
    'tollgate:signIn.owner "me@b.test" must be of one of the domains',
  ],
  [
    "tollgate:signIn: {clientId: 1-a.apps.googleusercontent.com, domains: [a.test], owner: me@a.test, role: admin}",
    "tollgate:signIn.role",
  ],
  ["{tollgate:tempo: true, tollgate:phase: 4}", "tollgate:tempo true does nothing before phase 5"],
  [
    "{tollgate:environment: prod, tollgate:class: dev}",
    'tollgate:class "dev" must be prod in the environment prod',
  ],
  [
    "{tollgate:officeHours: {from: 8, to: 18, timeZone: Europe/Brussels}, tollgate:sizes: {minInstances: 1}}",
    "tollgate:sizes.minInstances 1 must be 0 with tollgate:officeHours",
  ],
  [
    "{tollgate:deployment: gce-vm, tollgate:tempo: true, tollgate:sizes: {layout: apart, protect: true}, tollgate:admins: [user:a@b.de]}",
    ...["admins", "tempo", "sizes.layout"].map(
      (key) => `tollgate:${key} does nothing with tollgate:deployment gce-vm: take it out`,
    ),
  ],
];

it.each(WRITTEN)("%s is refused", async (yaml, ...expected) => {
  const said = await verdict(settingsOf(parse(yaml) as Record<string, unknown>).values);
  const [first, ...lines] = said.split("\n").map((line) => line.trim());
  expect(first).toBe("Pulumi.dev.yaml is not usable:");
  // Each finding once, and nothing else.
  expect(lines).toEqual(expected.map((finding) => expect.stringContaining(finding)));
  expect(said).not.toContain("hooks");
});

it("leaves out what would do nothing, where the cost of another form of a stack is estimated", async () => {
  const settings = {
    ...readStackFile("dev").values,
    "tollgate:tempo": "true",
    "tollgate:admins": '["user:me@acme.test"]',
    "tollgate:sizes": '{"protect":true,"minInstances":1,"layout":"apart"}',
  };
  const changes: Record<string, string>[] = [
    { "tollgate:deployment": "gce-vm" },
    { "tollgate:phase": "1" },
    { "tollgate:officeHours": '{"from":8,"to":18,"timeZone":"Europe/Brussels"}' },
  ];
  for (const change of changes)
    expect([change, await verdict(withoutIdle({ ...settings, ...change }))]).toEqual([change, "accepted"]);
});

const required = ["environment", "projectNumber", "phase", "owner", "operators"];
const ceilings = ["monthlyCostCeiling", "monthlyWorstCaseCeiling"];

it.each([...required, ...ceilings])("a missing tollgate:%s is refused", async (key) => {
  expect(await verdict({ [`tollgate:${key}`]: null })).toContain(
    `tollgate:${key} is missing: \`pulumi config set tollgate:${key} ...\``,
  );
});

it("refuses a secret in plain text, and does not show it", async () => {
  const said = await verdict({}, "dev", { secretKeys: Object.keys(SECRETS).slice(1) });
  expect(said).toBe(
    "Pulumi.dev.yaml is not usable:\n  tollgate:anthropicApiKey (a secret, not shown) is in plain text: make a new one, because who reads the file has it, and `pulumi config set --secret tollgate:anthropicApiKey`",
  );
});

it("refuses a secret that is larger than Secret Manager takes, and does not show it", async () => {
  expect(await verdict({ "tollgate:anthropicApiKey": "k".repeat(64 * 1024 + 1) })).toBe(
    "Pulumi.dev.yaml is not usable:\n  tollgate:anthropicApiKey (a secret, not shown) has 65537 bytes: Secret Manager takes 65536 at most",
  );
});

it.each([
  ["", "Pulumi.dev.yaml has no `config:` with keys below it"],
  ["config:\n", "Pulumi.dev.yaml has no `config:` with keys below it"],
  ["config: [a]\n", "Pulumi.dev.yaml has no `config:` with keys below it"],
  ["- a\n", "Pulumi.dev.yaml has no `config:` with keys below it"],
  ["just words\n", "Pulumi.dev.yaml has no `config:` with keys below it"],
  ["<html>: {", "Pulumi.dev.yaml is not YAML: "],
  ["config:\n  a: 1\n  a: 2\n", "Pulumi.dev.yaml is not YAML: Map keys must be unique at line 3, column 3"],
  ["config:\n\ta: 1\n", "Pulumi.dev.yaml is not YAML: Tabs are not allowed as indentation at line 2"],
])("a stack's file that is %j is refused in one line", (text, message) => {
  expect(() => configIn(text, "Pulumi.dev.yaml")).toThrow(message);
  expect(() => configIn(text, "Pulumi.dev.yaml")).toThrow(/^[^\n]*$/);
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

it("takes any number of environments, each sized and protected as its class says, or by its own sizes", async () => {
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
