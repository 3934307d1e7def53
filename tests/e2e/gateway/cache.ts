import { randomBytes } from "node:crypto";
import type { Gateway } from "../../support/gateway";

/** A question that was answered before costs nothing. */
export function cache(gateway: Gateway): void {
  const PROMPT = "What did we spend yesterday?";

  test.each([[{}], [{ stream: true }]])(
    "the same question again is a hit: free, marked, and no request (%p)",
    async (body) => {
      const customer = await gateway.customer();
      const first = await customer.call("simple", { prompt: PROMPT, body });
      const { session: before } = await customer.settled();
      const second = await customer.call("simple", { prompt: PROMPT, body });
      expect([first.status, second.status]).toEqual([200, 200]);
      const said = (text: string) =>
        [...text.matchAll(/"content": ?"([^"]*)"/g)].map(([, said]) => said).join("");
      expect(said(second.text)).toBe(said(first.text));
      const { calls, billed, booked, session } = await customer.settled();
      expect(await customer.requests()).toHaveLength(1);
      expect(calls.map(({ cache_hit, cost_nanos }) => [cache_hit, cost_nanos! > 0])).toEqual([
        [false, true],
        [true, false],
      ]);
      expect(booked).toBe(billed);
      expect(session.spent_nanos).toBe(before.spent_nanos);
    },
  );

  test("a hit leaves the tokens a minute alone", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 20_000 });
    const call = () =>
      customer.call("gemini-3.5-flash-lite", { prompt: PROMPT, body: { max_tokens: 20_000 } });
    for (let i = 0; i < 4; i++) expect((await call()).status).toBe(200);
    expect(await customer.requests()).toHaveLength(1);
  });

  test("a longer conversation is kept too", async () => {
    const customer = await gateway.customer();
    const messages = Array.from({ length: 9 }, (_, i) => ({
      role: i % 2 === 0 ? "user" : "assistant",
      content: `[[${customer.id}]] turn ${i}`,
    }));
    for (let i = 0; i < 2; i++)
      expect((await customer.call("simple", { body: { messages } })).status).toBe(200);
    await customer.settled();
    expect(await customer.requests()).toHaveLength(1);
  });

  test("another limit, another temperature, or a degraded model is another question", async () => {
    const customer = await gateway.customer();
    for (const body of [{ max_tokens: 100 }, { max_tokens: 101 }, { max_tokens: 100, temperature: 0.5 }]) {
      await customer.call("simple", { prompt: PROMPT, body });
    }
    await customer.call("analysis", { prompt: PROMPT, body: { max_tokens: 100 } });
    await customer.settled();
    expect(await customer.requests()).toHaveLength(4);
  });

  test("a customer whose budget is used up gets no answer from the cache either", async () => {
    const customer = await gateway.customer();
    await customer.call("simple", { prompt: PROMPT });
    await customer.settled();
    await customer.leaveInSession(0);
    expect((await customer.call("simple", { prompt: PROMPT })).status).toBe(402);
  });

  test("a hit on what another customer asked is free, and booked on the one who asks", async () => {
    const mark = `shared-${randomBytes(6).toString("hex")}`;
    const messages = [{ role: "user", content: `[[${mark}]] how is a committed use discount computed?` }];
    const [one, other] = [await gateway.customer(), await gateway.customer()];
    await one.call("simple", { body: { messages } });
    await one.settled();
    await other.call("simple", { body: { messages } });
    expect((await other.settled()).calls[0]).toMatchObject({ cache_hit: true, cost_nanos: 0 });
    expect(await gateway.stack.provider.requests(mark)).toHaveLength(1);
  });
}
