import { usd } from "../../litellm-config";
import { marginPublisher } from "../../ops/langfuse/margins/publish";
import { marginScores } from "../../ops/langfuse/margins/scores";
import { addCustomer, startLedger, type TestLedger } from "../dashboards/support/ledger";
import { LangfuseApiStandIn } from "../support/langfuse";

let ledger: TestLedger;
let langfuse: LangfuseApiStandIn;
beforeAll(async () => {
  [ledger, langfuse] = await Promise.all([startLedger(), new LangfuseApiStandIn().start()]);
});
afterAll(() => Promise.all([ledger.stop(), langfuse.stop()]));

const value = (id: string) => langfuse.scores.find((score) => score.id === id)?.value;

test("brings the ledger's revenue, cost and margin to Langfuse, and afterwards what has changed", async () => {
  await addCustomer(ledger.owner, "acme", usd("4.90"));
  await addCustomer(ledger.owner, "idle", 0);
  let day = "2026-11-24";
  const publish = marginPublisher({
    ledgerUrl: ledger.postgres.urls.ledger_reader,
    environment: "dev",
    langfuse: { baseUrl: langfuse.url, publicKey: langfuse.publicKey, secretKey: langfuse.secretKey },
    now: () => new Date(`${day}T12:00:00Z`),
  });

  expect(await publish()).toBe(3 * 3 + 1);
  expect(value("plan_revenue_usd.tier:tier_1.2026-11-24")).toBe(98);
  expect(value("llm_cost_usd.tier:tier_1.2026-11-24")).toBe(4.9);
  expect(value("margin_usd.tier:tier_1.2026-11-24")).toBe(93.1);
  expect(value("margin_usd.tier:tier_3.2026-11-24")).toBe(0);
  expect(value("plan_share_percent.customer:acme.2026-11-24")).toBe(10);
  expect(value("plan_share_percent.customer:idle.2026-11-24")).toBeUndefined();

  expect(await publish()).toBe(0);
  await ledger.owner.query("UPDATE ledger.customer_months SET spent_nanos = $1", [usd("5.88")]);
  // Cost and margin of the tier, both customers' shares; the revenue is as it was.
  expect(await publish()).toBe(4);
  expect(value("margin_usd.tier:tier_1.2026-11-24")).toBeCloseTo(98 - 11.76, 9);
  expect(langfuse.scores.filter(({ name }) => name === "margin_usd")).toHaveLength(3);

  day = "2026-11-25";
  expect(await publish()).toBe(3 * 3 + 2);
});

test("counts in whole nano-dollars: no float comes in before the very end", () => {
  const price = usd("49");
  const [, , margin] = marginScores("2026-11-24", [{ tier: "tier_1", price, customers: 3, spent: 1 }], []);
  expect(margin).toEqual({
    id: "margin_usd.tier:tier_1.2026-11-24",
    sessionId: "tier:tier_1",
    name: "margin_usd",
    value: 146.999999999,
  });
});
