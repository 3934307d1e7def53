import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { definitions, TAGS } from "../../../litellm-config";
import { litellmConfig } from "../../../litellm-config/render";
import { toObservation, type Observation } from "../../../local/otlp-sink/observation";
import { TraceStore } from "../../../local/otlp-sink/store";
import { repository } from "../../../ops/workspace/paths";
import { linksOf } from "../../support/log-links";
import { AGENT_KEY, eventually, scrape, total, type Gateway, type Sample } from "../../support/gateway";

/** What operators see of a call: metrics, log lines, traces, with the same tags everywhere. */
export function observability(gateway: Gateway): void {
  describe("/metrics", () => {
    const read = () => scrape(gateway.stack.gateway.url);

    test("counts what the ledger booked, over both workers", async () => {
      const customer = await gateway.customer("tier_2");
      const before = await read();
      await customer.behave({ outputTokens: 100, cachedTokens: 5 });
      await Promise.all(
        Array.from({ length: 30 }, () => customer.call("analysis", { body: { max_tokens: 150 } })),
      );
      await customer.settled();
      const prompt = "the same";
      await customer.call("analysis", { prompt });
      await customer.settled();
      await customer.call("analysis", { prompt });
      await customer.leaveInSession(0);
      await customer.call("analysis");
      const { calls, booked } = await customer.settled();

      const labels = { tier: "tier_2", query_type: "cost_analysis" };
      const growth = async (name: string, wanted: Record<string, string>) =>
        total(await read(), name, wanted) - total(before, name, wanted);
      const decisions = (decision: string, reason: string) =>
        growth("tollgate_guard_decisions_total", { ...labels, route: "analysis", decision, reason });
      await eventually("the metrics", async () => (await decisions("refused", "session_budget")) === 1);
      expect(await decisions("allowed", "ok")).toBe(32);
      const model = "claude-sonnet-5-5";
      expect(await growth("tollgate_guard_spend_nanodollars_total", { ...labels, model })).toBe(booked);
      expect(await growth("tollgate_guard_calls_total", { model, outcome: "success" })).toBe(32);
      const tokens = (kind: string) => growth("tollgate_guard_tokens_total", { model, kind });
      const paid = calls.filter(({ cache_hit }) => !cache_hit);
      expect(await tokens("completion")).toBe(paid.reduce((sum, call) => sum + call.completion_tokens!, 0));
      expect(await growth("tollgate_guard_cache_hits_total", { model })).toBe(1);
      expect(await growth("tollgate_guard_cache_saved_nanodollars_total", { model })).toBeGreaterThan(0);
      expect(await growth("tollgate_guard_reserve_seconds_count", {})).toBeGreaterThanOrEqual(33);
      await eventually("no hold", async () => total(await read(), "tollgate_guard_holds_in_flight") === 0);
      const workers = new Set(
        readdirSync(`${gateway.stack.gateway.logFile}.metrics`).map((file) => /\d+/.exec(file)?.[0]),
      );
      expect(workers.size).toBeGreaterThanOrEqual(2);
    });

    test("says what memory and CPU time the workers take, under the usual names", async () => {
      const samples = await read();
      expect(total(samples, "process_resident_memory_bytes")).toBeGreaterThan(100 * 1024 ** 2);
      expect(total(samples, "process_cpu_seconds_total")).toBeGreaterThan(1);
    });

    test("LiteLLM counts the same money as the guard", async () => {
      const customer = await gateway.customer();
      const before = await read();
      for (const stream of [false, true]) await customer.call("simple", { body: { stream } });
      const { booked } = await customer.settled();
      const name = "tollgate_guard_litellm_spend_nanodollars_total";
      const counted = await eventually("LiteLLM's count", async () => {
        const grown = total(await read(), name) - total(before, name);
        return grown > 0 && grown >= booked ? grown : undefined;
      });
      expect(counted).toBe(booked);
    });

    test("counts a provider's errors by their kind, and calls that cost more than their hold", async () => {
      gateway.mayPassCap();
      const customer = await gateway.customer();
      const before = await read();
      await customer.behave({ model: "claude-sonnet-5-5", status: 503 });
      await customer.call("analysis");
      await customer.behave({ model: "claude-sonnet-5-5", ignoreMaxTokens: true, outputTokens: 3_000 });
      await customer.call("claude-sonnet-5-5", { body: { max_tokens: 10 } });
      await customer.settled();
      const growth = async (name: string, labels: Record<string, string>) =>
        total(await read(), name, labels) - total(before, name, labels);
      const labels = { provider: "anthropic", model: "claude-sonnet-5-5", status: "5xx" };
      await eventually(
        "the errors",
        async () => (await growth("tollgate_guard_provider_errors_total", labels)) === 2,
      );
      expect(await growth("tollgate_guard_over_hold_total", { model: "claude-sonnet-5-5" })).toBe(1);
    });

    test("has every metric of docs/interfaces.md with its labels, and no customer's or session's name", async () => {
      // A metric with labels is there once it has counted something, so each gets something to count.
      gateway.mayPassCap();
      const customer = await gateway.customer();
      const prompt = "the same";
      for (let i = 0; i < 2; i++) {
        await customer.call("simple", { prompt });
        await customer.settled();
      }
      await customer.behave({ ignoreMaxTokens: true, outputTokens: 3_000 });
      await customer.behave({ model: "claude-sonnet-5-5", status: 503 });
      await customer.call("analysis", { body: { max_tokens: 10 } });
      await customer.settled();
      await customer.leaveInMonth(0);
      await customer.call("simple");

      const page = readFileSync(join(repository, "docs/interfaces.md"), "utf8");
      const rows = [...page.matchAll(/^\| (`tollgate_guard_.*) \| (counter|gauge|histogram) \| (.*) \|$/gm)];
      expect(rows.length).toBeGreaterThan(10);
      const samples = await read();
      for (const [, names = "", type, labels = ""] of rows) {
        const values = /= .*|\(.*\)/g;
        const wanted = [...labels.replace(values, "").matchAll(/`(\w+)`/g)].map(([, label]) => label!);
        for (const [, name] of names.matchAll(/`(\w+)`/g)) {
          const found = named(samples, type === "histogram" ? `${name}_bucket` : name!);
          // The ledger's errors have their own test, in faults.test.ts.
          if (name !== "tollgate_guard_ledger_errors_total")
            expect([name, found.length > 0]).toEqual([name, true]);
          for (const label of wanted) if (found[0]) expect(Object.keys(found[0].labels)).toContain(label);
        }
      }
      const litellms = samples.filter(({ name }) => name.startsWith("litellm_"));
      const unsuffixed = new Set(litellms.map(({ name }) => name.replace(/_(total|bucket|sum|count)$/, "")));
      const { prometheus_metrics_config: published } = litellmConfig(definitions, {
        target: "providers",
      }).litellm_settings;
      // Gauges of a worker itself, which no setting leaves out.
      const own = ["litellm_in_flight_requests", "litellm_redis_circuit_breaker_state"];
      expect([...own, ...published[0]!.metrics]).toEqual(expect.arrayContaining([...unsuffixed]));
      expect([...unsuffixed]).toEqual(
        expect.arrayContaining(["litellm_llm_api_latency_metric", "litellm_deployment_successful_fallbacks"]),
      );
      const guards = samples.filter(({ name }) => name.startsWith("tollgate_"));
      expect(guards.flatMap(({ labels }) => Object.keys(labels))).not.toContain("customer_id");
      expect(guards.flatMap(({ labels }) => Object.keys(labels))).not.toContain("session_id");
    });

    const named = (samples: Sample[], name: string) => samples.filter((sample) => sample.name === name);
  });

  describe("the log", () => {
    const lines = () => readFileSync(gateway.stack.gateway.logFile, "utf8").split("\n").filter(Boolean);
    const events = (customerId: string) =>
      lines()
        .flatMap((line) => {
          try {
            return [JSON.parse(line) as Record<string, unknown>];
          } catch {
            return [];
          }
        })
        .filter((event) => event.customer_id === customerId);

    test("logs a call, a refusal, a crossing, a degradation and a fallback, with the tags", async () => {
      const customer = await gateway.customer("tier_1");
      const trace_id = randomBytes(16).toString("hex");
      const metadata = { gcp_project: "acme-prod", tools_invoked: ["bigquery_billing"], trace_id };
      await customer.behave({ model: "claude-sonnet-5-5", status: 503, times: 2 });
      await customer.call("analysis", { metadata });
      await customer.leaveInMonth(100_000_000);
      await customer.call("analysis", { metadata });
      await customer.settled();
      await customer.leaveInMonth(0);
      await customer.call("analysis", { metadata });
      const found = await eventually("the log lines", async () => {
        const seen = events(customer.id);
        return seen.some(({ event }) => event === "call.refused") ? seen : undefined;
      });
      const names = found.map(({ event }) => event);
      const wanted = ["call.settled", "call.degraded", "call.refused", "budget.crossed"];
      expect(names).toEqual(expect.arrayContaining([...wanted, "provider.error", "provider.fallback"]));
      const settled = found.find(({ event }) => event === "call.settled");
      expect(settled).toMatchObject({
        ...metadata,
        service: "gateway",
        customer_id: customer.id,
        session_id: customer.sessionId,
        plan_tier: "tier_1",
        query_type: "cost_analysis",
        model_used: "gemini-3.1-pro-preview",
        environment: "local",
      });
      for (const line of found) {
        expect(new Date(String(line.time)).toISOString()).toContain(String(line.time).slice(0, 19));
        expect(["debug", "info", "warn", "error"]).toContain(line.level);
        expect(line.message).toEqual(expect.any(String));
      }
      const traced = lines().filter((line) => line.includes(trace_id));
      expect(traced.length).toBeGreaterThan(0);
      for (const line of traced) {
        const { trace_id: trace } = JSON.parse(line) as { trace_id: string };
        expect([line, linksOf(line)]).toEqual([line, expect.arrayContaining([["Langfuse trace", trace]])]);
      }
      // A call that was answered has its line; uvicorn's own are of what was refused.
      const answered = (status: number) => lines().filter((line) => line.includes(`HTTP/1.1\\" ${status}`));
      expect(answered(402).length).toBeGreaterThan(0);
      expect(answered(200)).toEqual([]);
    });

    test("holds no prompt, answer or key, even in errors; and one JSON object a line", async () => {
      const secret = `canary${randomBytes(8).toString("hex")}`;
      const customer = await gateway.customer();
      await customer.behave({ content: `answer ${secret}` });
      const call = (model: string, body: object = {}) =>
        customer.call(model, { prompt: secret, body: { ...body } }).catch(() => undefined);
      await call("simple");
      await call("simple", { stream: true });
      await call("nope");
      await call("simple", { max_tokens: secret });
      await call("simple", { temperature: secret });
      await call("simple", { tools: [{ type: "function", function: { name: secret } }] });
      await call("simple", { messages: [{ role: secret, content: secret }] });
      for (const behaviour of [
        { status: 500 },
        { status: 400 },
        { cutAfterChunks: 0 },
        { errorAfterChunks: 1 },
      ]) {
        await customer.behave({ ...behaviour, content: `answer ${secret}`, times: 4 });
        await call("analysis", { temperature: 0.1 });
        await call("analysis", { stream: true });
      }
      await fetch(`${gateway.stack.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${AGENT_KEY}`, "content-type": "application/json" },
        body: `{"broken": "${secret}"`,
      });
      await fetch(`${gateway.stack.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify(customer.request("simple")),
      });
      await customer.settled();
      await new Promise((passed) => setTimeout(passed, 1_000));
      const logged = lines();
      const password = gateway.stack.machine.values["role:ledger_guard"]!;
      for (const hidden of [secret, AGENT_KEY, password, "sk-lf-test"]) {
        expect(logged.filter((line) => line.includes(hidden))).toEqual([]);
      }
      const started = logged.findIndex((line) => line.includes(customer.id));
      const others = logged.slice(started).filter((line) => !isJson(line));
      expect(others).toEqual([]);
    });
  });

  describe("traces", () => {
    const observations = (test: (observation: Observation) => boolean) => {
      const found = new TraceStore(gateway.stack.tracesDir).spans().map(toObservation).filter(test);
      return found.length > 0 ? found : undefined;
    };
    const tagged = (observation: Observation, name: string) => {
      const places: Record<string, unknown> = { ...observation.metadata };
      const nested = Object.values(places).filter((value) => value !== null && typeof value === "object");
      return places[name] ?? nested.map((value) => (value as Record<string, unknown>)[name]).find(Boolean);
    };

    test("carry the eight tags, the session, the customer and the agent's trace", async () => {
      const customer = await gateway.customer("tier_2");
      const trace_id = randomBytes(16).toString("hex");
      const parent_observation_id = randomBytes(8).toString("hex");
      const metadata = {
        gcp_project: "acme-prod",
        tools_invoked: ["bigquery_billing"],
        trace_id,
        parent_observation_id,
      };
      await customer.call("analysis", { metadata });
      const { calls } = await customer.settled();
      expect(calls[0]?.trace_id).toBe(trace_id);
      const found = await eventually("the trace", async () =>
        observations(({ traceId }) => traceId === trace_id),
      );
      // One span a call: nothing repeats the prompt.
      expect(found).toHaveLength(1);
      const generation = found[0]!;
      const values: Record<(typeof TAGS)[number], unknown> = {
        customer_id: customer.id,
        plan_tier: "tier_2",
        session_id: customer.sessionId,
        query_type: "cost_analysis",
        model_used: "claude-sonnet-5-5",
        gcp_project: "acme-prod",
        tools_invoked: ["bigquery_billing"],
        environment: "local",
      };
      expect(Object.fromEntries(TAGS.map((name) => [name, tagged(generation, name)]))).toEqual(values);
      expect(generation).toMatchObject({
        type: "generation",
        name: "cost_analysis",
        model: "claude-sonnet-5-5",
        traceName: "ask",
        userId: customer.id,
        sessionId: customer.sessionId,
        parentSpanId: parent_observation_id,
        environment: "local",
        // The trace's are the agent's.
        tags: [],
      });
    });

    test("say what a call cost by kind of token, when its first token came, and which prompt it used", async () => {
      const customer = await gateway.customer("tier_2");
      const trace_id = randomBytes(16).toString("hex");
      const metadata = { trace_id, prompt_name: "tollgate-assistant", prompt_version: 3 };
      await customer.behave({ outputTokens: 100, cachedTokens: 5 });
      await customer.call("analysis", { metadata, body: { max_tokens: 150, stream: true } });
      const { calls, booked } = await customer.settled();
      const [generation] = await eventually("the generation", async () =>
        observations(({ traceId }) => traceId === trace_id),
      );
      const [call] = calls;
      expect(generation!.usage).toEqual({
        input: call!.prompt_tokens! - 5,
        input_cached_tokens: 5,
        output: call!.completion_tokens,
      });
      const { total: all, ...kinds } = generation!.costs;
      expect(Object.keys(kinds)).toEqual(["input", "input_cached_tokens", "output"]);
      const parts = Object.values(kinds).reduce((sum, dollars) => sum + dollars, 0);
      expect([Math.round(parts * 1e9), Math.round(all! * 1e9)]).toEqual([booked, booked]);
      expect(generation).toMatchObject({ promptName: "tollgate-assistant", promptVersion: 3 });
      expect(Date.parse(generation!.firstTokenAt!)).toBeGreaterThanOrEqual(Date.parse(generation!.startedAt));
    });

    test("name the model of each attempt, the failed one too, and never an error's text", async () => {
      const customer = await gateway.customer();
      const trace_id = randomBytes(16).toString("hex");
      await customer.behave({ model: "claude-sonnet-5-5", status: 503, times: 2 });
      await customer.call("analysis", { metadata: { trace_id }, prompt: "only in the input" });
      await customer.settled();
      const found = await eventually("the attempts", async () => {
        const seen = observations(({ traceId }) => traceId === trace_id);
        return seen?.some(({ error }) => error === undefined) ? seen : undefined;
      });
      expect(found.filter(({ error }) => error === undefined).map(({ model }) => model)).toEqual([
        "gemini-3.1-pro-preview",
      ]);
      const failed = found.filter(({ error }) => error !== undefined);
      expect(failed.length).toBeGreaterThanOrEqual(1);
      for (const { model, error } of failed)
        expect([model, error]).toEqual(["claude-sonnet-5-5", expect.stringMatching(/^HTTP 503(: \w+)?$/)]);
    });

    test.each([
      ["a refusal", 0, "session_budget"],
      ["a degradation", undefined, "degraded"],
    ])("show %s on the session's trace", async (_, left, word) => {
      const customer = await gateway.customer("tier_1");
      if (left === undefined) await customer.leaveInMonth(300_000_000);
      else await customer.leaveInSession(left);
      await customer.call("analysis");
      const found = await eventually("the event", async () =>
        observations(
          (observation) => observation.userId === customer.id && JSON.stringify(observation).includes(word),
        ),
      );
      expect(found.map(({ sessionId }) => sessionId)).toContain(customer.sessionId);
    });
  });
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}
