import { sampleSources } from "../../../app/sources/sample";
import type { ToolContext } from "../../../app/tools/tool";
import { PLAIN_TOOLS } from "../../../app/tools";
import { summarize } from "../../../local/llm-simulator/says/summary";

const now = () => new Date("2026-11-24T10:00:00Z");
const context = { sources: sampleSources(now)("shop-prod"), now } as unknown as ToolContext;

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
    /^Your costs rose by \$\d+\.\d\d \(\d+%\) to \$[\d,]+\.\d\d in 16-22 Nov 2026; almost all of it is BigQuery\.$/,
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
  expect(finding).toMatch(/^You spent \$[\d,]+\.\d\d in 16-22 Nov 2026; the largest part is BigQuery with /);
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
  expect(finding).toMatch(/^You have \d+ resources of \d+ types; most are \w+/);
  expect(list).toMatch(/^\| Type \| Count \| Such as \|/);
});

test("what is left of the budget: the amount with its month, the conversation beside it", () => {
  const answer = summarize([
    JSON.stringify({
      plan_tier: "tier_1",
      month: "2026-11",
      cap: "$8.00",
      spent: "$1.20",
      held: "$0.00",
      left: "$6.80",
      used_percent: 15,
      calls: 40,
      session: { spent: "$0.10", left: "$0.40", calls: 4, calls_left: 96 },
    }),
  ]);
  expect(answer).toMatch(
    /^\$6\.80 of your \$8\.00 for conversations with me is left in 2026-11 \(15% used\)\./,
  );
  expect(answer).toContain("| This conversation | $0.10 | $0.40 | 4, 96 left |");
});

test.each([
  [
    "no spend",
    { from: "2026-11-01", to: "2026-11-02", currency: "EUR", total: "0.00", rows: [] },
    /^Nothing was spent in 1-2 Nov 2026\./,
  ],
  [
    "no anomaly",
    { from: "2026-10-25", to: "2026-11-23", currency: "USD", anomalies: [] },
    /^No day stands out in 25 Oct - 23 Nov 2026\./,
  ],
  [
    "no recommendation",
    { currency: null, total_monthly_saving: "0.00", found: 0, recommendations: [] },
    /no open recommendation/,
  ],
  ["no asset", { assets: [], more: false }, /^No resource matches\./],
])("%s is said in words", (_, empty, words) => {
  expect(summarize([JSON.stringify(empty)])).toMatch(words);
});

test("another currency, a result of another kind, and a tool that failed", () => {
  const spend = {
    from: "2026-11-01",
    to: "2026-11-01",
    currency: "EUR",
    total: "5.00",
    rows: [{ key: "a|b", cost: "5.00" }],
  };
  expect(summarize([JSON.stringify(spend)])).toContain("| a\\|b | 5.00 EUR | 100% |");
  expect(summarize([JSON.stringify({ zones: ["a", "b"] })])).toBe("A; B.");
  expect(summarize(["Error: from is after to: swap them."])).toBe(
    "One part could not be read: from is after to: swap them.",
  );
  expect(summarize(["null"])).toBe("Your billing data has nothing that answers this.");
});
