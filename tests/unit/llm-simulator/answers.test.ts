import { sampleSources } from "../../../app/sources/sample";
import type { ToolContext } from "../../../app/tools/tool";
import { PLAIN_TOOLS } from "../../../app/tools";
import { inContext } from "../../../simulator/says/follow-up";
import { speak } from "../../../simulator/says/speak";
import { summarize } from "../../../simulator/says/summary";

const now = () => new Date("2026-11-24T10:00:00Z");
const context = { sources: sampleSources(now)("shop-prod"), now } as unknown as ToolContext;

/** A made-up result, held to the tool's own schema. */
const asResult = (name: string, output: unknown) =>
  JSON.stringify(PLAIN_TOOLS.find((each) => each.name === name)!.output.parse(output));

/** The result of one of the agent's own tools over its sample data, as the model gets it. */
async function result(name: string, input: object = {}): Promise<string> {
  const tool = PLAIN_TOOLS.find((each) => each.name === name)!;
  return JSON.stringify(tool.output.parse(await tool.execute(tool.input.parse(input), context)));
}

/** An answer's paragraphs: the finding first, the next step last. */
const paragraphs = (text: string) => text.split("\n\n");

test("why costs went up: the change with its days, its drivers, the spike's cause, what to look at", async () => {
  const period = { period: "last_week" };
  const answer = summarize([await result("compare-periods", period), await result("list-anomalies", period)]);
  const [finding, drivers, cause, next] = paragraphs(answer);
  expect(finding).toMatch(
    /^Your costs rose by \$\d+\.\d\d \(\d+%\) to \$[\d,]+\.\d\d over 16-22 Nov 2026; almost all of it is BigQuery\.$/,
  );
  expect(drivers).toMatch(
    /^\| Largest changes \| 16-22 Nov 2026 \| Change from 9-15 Nov 2026 \|\n\| --- \| ---: \| ---: \|\n\| BigQuery \|/,
  );
  expect(cause).toMatch(
    /on 17-19 Nov 2026, .* more than the usual .* Analysis \(us-central1\) in project shop-data\.$/,
  );
  expect(next).toMatch(/^\*\*Next step:\*\* look at what ran on BigQuery in shop-data/);
});

test("what was spent: the total with its days, where it went, shares that add up", async () => {
  const [finding, split] = paragraphs(summarize([await result("get-spend", { period: "last_week" })]));
  expect(finding).toMatch(
    /^You spent \$[\d,]+\.\d\d over 16-22 Nov 2026; the largest part is BigQuery with /,
  );
  const shares = [...split!.matchAll(/\| ([\d.]+)% \|/g)].map(([, share]) => Number(share));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, -0.5);
  const byDay = paragraphs(summarize([await result("get-spend", { period: "last_week", group_by: "day" })]));
  expect(byDay[0]).toMatch(/the highest day was 1[789] Nov 2026/);
});

test("what to save: the sum a month, the resources, the first one to change", async () => {
  const [finding, list, next] = paragraphs(summarize([await result("list-recommendations")]));
  expect(finding).toBe("You can save $691.06 a month with 5 changes; orders-db alone saves $261.34.");
  expect(list).toContain("| build-runner-2 | idle VM | $195.64 |");
  expect(next).toMatch(/start in us-central1: orders-db \(.* 2 vCPU and 8 GB are enough\.$/);
});

test("what there is: counts by type, with names", async () => {
  const [finding, list] = paragraphs(summarize([await result("list-assets")]));
  expect(finding).toMatch(/^You have \d+ resources of \d+ types; the most common is \w+/);
  expect(list).toMatch(/^\| Type \| Count \| Such as \|/);
});

test("what is left of the budget: the amount with the day on which it renews, and the conversation's", () => {
  const answer = summarize([
    asResult("get-budget", {
      plan_tier: "tier_1",
      month: "2026-11",
      from: "2026-11-15",
      until: "2026-12-15",
      time_zone: "UTC",
      cap: "$8.00",
      spent: "$1.20",
      held: "$0.00",
      left: "$6.80",
      used_percent: 15,
      calls: 40,
      forecast: { expected: "$1.60", low: "$1.40", high: "$1.90", runs_out_on: null, based_on_days: 21 },
      session: { spent: "$0.10", left: "$0.40", calls: 4, calls_left: 96 },
    }),
  ]);
  expect(answer).toMatch(
    /^\$6\.80 of your plan's \$8\.00 for conversations with me is left until 2026-12-15 \(15% used\)\./,
  );
  expect(answer).toContain("By 2026-12-15 it is expected to cost $1.60.");
  expect(answer).toContain("| This conversation | $0.10 | $0.40 | 4, 96 left |");
});

const october = { from: "2026-10-01", to: "2026-10-31" };
const noData = {
  time_zone: "America/Los_Angeles",
  data_until: "2026-11-23T10:00:00Z",
  unfinished_from: null,
  notes: [] as string[],
};
const spend = {
  ...october,
  view: "usage",
  currency: "EUR",
  total: "5.00",
  totals: [{ currency: "EUR", total: "5.00" }],
  rows: [{ key: "a|b", currency: "EUR", cost: "5.00" }],
  other: [],
  invoice: null,
  ...noData,
};

test("credits and tax: usage before credits, each type, and the invoice", () => {
  const cost = {
    currency: "USD",
    total: "90.00",
    before_credits: "100.00",
    credits: "-10.00",
    credits_by_type: { PROMOTION: "-10.00" },
  };
  const usage = {
    ...spend,
    currency: "USD",
    total: "90.00",
    totals: [cost],
    rows: [
      { key: "BigQuery", currency: "USD", cost: "60.00", before_credits: "70.00", credits: "-10.00" },
      { key: "Cloud SQL", currency: "USD", cost: "30.00" },
    ],
    invoice: { months: "2026-10", totals: [{ ...cost, total: "107.10", tax: "17.10" }] },
  };
  const answer = summarize([asResult("get-spend", usage)]);
  expect(paragraphs(answer)[0]).toBe(
    "You spent $90.00 in October 2026; the largest part is BigQuery with $60.00 (67%).",
  );
  expect(answer).toContain("| BigQuery | $70.00 | $60.00 |\n| Cloud SQL | $30.00 | $30.00 |");
  expect(answer).toContain("Usage was $100.00 before credits of -$10.00 (promotion -$10.00).");
  expect(answer).toContain("The invoice for October 2026 is $107.10, with tax of +$17.10.");

  const invoice = { ...usage, view: "invoice", totals: usage.invoice.totals, invoice: null };
  expect(summarize([asResult("get-spend", invoice)])).toMatch(
    /^Your invoice for October 2026 is \$107\.10; .*\n[^]*The invoice includes tax of \+\$17\.10\./,
  );
});

test("several currencies are listed separately and never added", () => {
  const answer = summarize([
    asResult("get-spend", {
      ...spend,
      currency: null,
      total: null,
      totals: [
        { currency: "EUR", total: "5.00" },
        { currency: "USD", total: "7.00" },
      ],
      rows: [...spend.rows, { key: "c", currency: "USD", cost: "4.00" }],
      other: [{ currency: "USD", groups: 2, cost: "3.00" }],
    }),
  ]);
  expect(paragraphs(answer)[0]).toBe("You spent 5.00 EUR and $7.00 in October 2026.");
  expect(answer).toContain("| c | $4.00 |\n| Everything else | $3.00 |");
  expect(answer).not.toContain("12.00");

  const side = (cost: string) => ({ cost });
  const compared = summarize([
    asResult("compare-periods", {
      currency: null,
      current: { ...october, cost: null },
      previous: { from: "2026-09-01", to: "2026-09-30", cost: null },
      comparable: true,
      change: null,
      change_percent: null,
      totals: [
        { currency: "EUR", current: side("5.00"), previous: side("4.00"), change: "1.00" },
        { currency: "USD", current: side("7.00"), previous: side("9.00"), change: "-2.00" },
      ],
      drivers: [{ key: "c", currency: "USD", current: "7.00", previous: "9.00", change: "-2.00" }],
      ...noData,
    }),
  ]);
  expect(paragraphs(compared)[0]).toBe(
    "Your costs rose by 1.00 EUR to 5.00 EUR and fell by $2.00 to $7.00 in October 2026.",
  );
  expect(compared).toContain("| c | $7.00 | -$2.00 |");
});

test("what the data lack is said once, however many results say it", async () => {
  const note = "Costs from 2026-10-31 on are not complete yet: the billing data end at 2026-11-01 10:00 UTC.";
  const noted = asResult("get-spend", { ...spend, notes: [note] });
  const other = asResult("list-anomalies", {
    ...october,
    judged: october,
    anomalies: [],
    ...noData,
    notes: [note],
  });
  expect(summarize([noted, other]).split(note)).toHaveLength(2);
});

test("no data is not zero", () => {
  const note =
    "There is no billing data for 2026-10-01 to 2026-10-31 (Pacific time): the data end at 2026-09-01 10:00 UTC.";
  const none = { ...spend, currency: null, total: null, totals: [], rows: [], notes: [note] };
  expect(summarize([asResult("get-spend", none)])).toBe(
    `${note}\n\n**Next step:** name a period that the billing data cover.`,
  );
});

test("an alternative is not counted as one more change", () => {
  const one = (id: string, alternative_to: string | null) => ({
    id,
    kind: "idle_vm",
    resource: `//compute.googleapis.com/projects/p/zones/z/instances/${id}`,
    location: "z",
    description: `${id} is idle: stop it.`,
    currency: "USD",
    monthly_saving: "10.00",
    priority: "P2",
    alternative_to,
  });
  const answer = summarize([
    asResult("list-recommendations", {
      currency: "USD",
      total_monthly_saving: "10.00",
      totals: [{ currency: "USD", monthly_saving: "10.00" }],
      found: 2,
      recommendations: [one("a", null), one("b", "a")],
      missing: [],
      notes: [],
    }),
  ]);
  expect(paragraphs(answer)[0]).toBe("You can save $10.00 a month: a is an idle VM.");
  expect(answer).toContain("| b | idle VM, instead of a row above | $10.00 |");
});

test.each([
  [
    "no spend",
    "get-spend",
    { ...spend, total: "0.00", totals: [{ currency: "EUR", total: "0.00" }], rows: [] },
    /^Nothing was spent in October 2026\./,
  ],
  [
    "no anomaly",
    "list-anomalies",
    { ...october, judged: { ...october, from: "2026-10-08" }, anomalies: [], ...noData },
    /^No day stands out over 8-31 Oct 2026\./,
  ],
  [
    "no recommendation",
    "list-recommendations",
    {
      currency: null,
      total_monthly_saving: "0.00",
      totals: [],
      found: 0,
      recommendations: [],
      missing: [],
      notes: [],
    },
    /no open recommendation/,
  ],
  [
    "no asset",
    "list-assets",
    { assets: [], time_zone: "America/Los_Angeles", more: false },
    /^No resource matches\./,
  ],
])("%s is said in words", (_, tool, empty, words) => {
  expect(summarize([asResult(tool, empty)])).toMatch(words);
});

test("another currency, a result of another kind, and a tool that failed", () => {
  expect(summarize([asResult("get-spend", spend)])).toContain("| a\\|b | 5.00 EUR | 100% |");
  expect(summarize([JSON.stringify({ zones: ["a", "b"] })])).toBe("A; B.");
  expect(summarize(["Error: from is after to: swap them."])).toBe(
    "One part could not be read: from is after to: swap them.",
  );
  expect(summarize(["null"])).toBe("Your billing data has nothing that answers this.");
});

test.each([
  [["What did BigQuery cost last week?", "And Cloud SQL?"], ["Cloud SQL", "last week"], ["BigQuery"]],
  [
    ["What did BigQuery cost last week?", "What about October 2026?"],
    ["BigQuery", "October 2026"],
    ["last week"],
  ],
  [["What did we spend last month?", "And by project?"], ["last month", "by project"], []],
  [
    ["Why did costs go up last week?", "And in September?", "Which SKU?"],
    ["Why", "September", "SKU"],
    ["last week"],
  ],
  [["What did we spend last week?", "Why?"], ["last week", "Why"], []],
  [["What did BigQuery cost last week?", "Which machines are idle?"], ["idle"], ["BigQuery", "last week"]],
])("%j goes on with %j, without %j", (questions, kept, dropped) => {
  const whole = inContext(questions);
  for (const words of kept) expect(whole).toContain(words);
  for (const words of dropped) expect(whole).not.toContain(words);
});

test.each([
  ["Hello", /^I can look up what you spend/],
  [
    "What is the capital of France?",
    /^I only answer questions about what you spend on Google Cloud\. I can look up/,
  ],
  ["Delete all my VMs", /^I can look at your resources but not change them: nothing was changed\./],
  ["Could you stop it?", /^I can look at your resources but not change them/],
  ["What will it be next month?", /^I have no forecast of your bill/],
])("what no tool answers is said: %s", (text, answer) => {
  const messages = [{ role: "user" as const, text }];
  const asked = { instructions: "", messages, tools: [], toolChoice: "auto" as const, parallelTools: true };
  expect(speak(asked as unknown as Parameters<typeof speak>[0]).content).toMatch(answer);
});

test("an answer to a wish for a change begins with what was not done", () => {
  const messages = [
    { role: "user" as const, text: "Delete all my VMs" },
    { role: "tool" as const, text: JSON.stringify({ assets: [], more: false }) },
  ];
  const asked = { instructions: "", messages, tools: [], toolChoice: "auto" as const, parallelTools: true };
  expect(speak(asked as unknown as Parameters<typeof speak>[0]).content).toMatch(
    /^I can look at your resources but not change them: nothing was changed\.\n\nNo resource matches\./,
  );
});
