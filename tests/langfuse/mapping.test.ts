/**
 * What Langfuse's own code made of the recorded conversation (`npm run test:langfuse`) is what the local sink makes of it, so that
 * what people and tests see on this machine is what they see in Langfuse.
 */
import { TAGS } from "../../litellm-config";
import { toObservation } from "../../local/otlp-sink/observation";
import { sessionsOf } from "../../local/otlp-sink/sessions";
import { SAMPLE_CUSTOMER } from "../../local/stack/sample-customer";
import { langfuseSetup } from "../../dashboards/langfuse";
import { EVENTFUL, expectedOutcome, recordedSpans } from "./mapping/recorded";
import type { Row } from "./mapping/clickhouse";

const { rows, scores, traces, judged, tiles } = expectedOutcome();
const observations = recordedSpans().map(toObservation);
const sessions = sessionsOf(recordedSpans());
const [session] = sessions.filter((each) => each.traces[0]!.userId === SAMPLE_CUSTOMER.customerId);
const allCost = sessions.reduce((sum, { cost }) => sum + cost, 0);
const ofSample = (row: Row) => row.user_id === SAMPLE_CUSTOMER.customerId;

const numbers = (map: unknown) =>
  Object.fromEntries(
    Object.entries(map as Record<string, string>).map(([key, value]) => [key, Number(value)]),
  );
const orNothing = (text: unknown) => (text === "" || text === null ? undefined : text);

function metadataOf({ metadata_names: names, metadata_values: values }: Row): Record<string, unknown> {
  return Object.fromEntries((names as string[]).map((name, at) => [name, (values as string[])[at]]));
}

test("every observation is a row, and says the same of itself", () => {
  expect(rows).toHaveLength(observations.length);
  for (const row of rows) {
    const found = observations.find(({ spanId }) => spanId === row.span_id)!;
    expect({
      ...found,
      type: found.type.toUpperCase(),
      startedAt: Date.parse(found.startedAt),
      firstTokenAt: found.firstTokenAt && Date.parse(found.firstTokenAt),
      cost: found.cost ?? 0,
    }).toMatchObject({
      traceId: row.trace_id,
      parentSpanId: orNothing(row.parent_span_id),
      name: row.name,
      type: row.type,
      startedAt: Date.parse(row.start_time as string),
      environment: row.environment,
      traceName: row.trace_name,
      userId: row.user_id,
      sessionId: row.session_id,
      tags: row.tags,
      model: orNothing(row.provided_model_name),
      promptName: orNothing(row.prompt_name),
      promptVersion: row.prompt_version ?? undefined,
      usage: numbers(row.provided_usage_details),
      costs: numbers(row.provided_cost_details),
      cost: Number(row.total_cost),
      firstTokenAt: row.completion_start_time ? Date.parse(row.completion_start_time as string) : undefined,
      error: orNothing(row.status_message),
    });
  }
});

test("a judge's score is of the answer that it read, a person's stands beside it, and the tiles show both and the margins", () => {
  const ofAnswers = scores.filter((score) => score.trace_id);
  expect(ofAnswers.length).toBeGreaterThan(2);
  for (const { trace_id: trace, observation_id: observation } of ofAnswers)
    expect(rows.find((row) => row.span_id === observation)).toMatchObject({ trace_id: trace, name: "ask" });
  expect(new Set(ofAnswers.map(({ source }) => source))).toEqual(new Set(["EVAL", "API"]));
  const values = (title: string) =>
    tiles[title]!.flatMap((row) => Object.values(row)).filter((value) => typeof value === "number");
  expect(values("Revenue, USD: tier_2")).toEqual([99]);
  expect(values("LLM cost from the ledger, USD: tier_2")).toEqual([9]);
  expect(values("Margin over time, USD: tier_2")).toEqual([90]);
  const averages = Object.keys(tiles)
    .filter((title) => title.startsWith("Question answered: "))
    .flatMap(values);
  expect(averages.length).toBeGreaterThan(0);
  for (const each of averages) expect(each).toBeLessThanOrEqual(1);
});

test("a generation names the model that answered, is priced by it, and has its costs apart", () => {
  const generations = rows.filter((row) => row.type === "GENERATION" && ofSample(row));
  expect(generations.length).toBeGreaterThan(5);
  for (const row of generations) {
    const tags = metadataOf(row);
    expect(row.provided_model_name).toBe(tags.model_used);
    expect(row.model_id).toBe(row.provided_model_name);
    expect(row.prompt_id).toBe(`${String(row.prompt_name)}, version 1`);
    expect(row.completion_start_time).not.toBeNull();
    const [input, output, total] = ["calculated_input_cost", "calculated_output_cost", "total_cost"].map(
      (name) => Number(row[name]),
    );
    expect(input).toBeGreaterThan(0);
    expect(output).toBeGreaterThan(0);
    expect(input! + output!).toBeCloseTo(total!, 11);
    for (const tag of TAGS.filter((each) => each !== "tools_invoked"))
      expect([tag, tags[tag]]).toEqual([tag, expect.any(String)]);
  }
});

test.each([
  [
    "an attempt that its provider refused",
    { level: "ERROR", status_message: "HTTP 503", provided_model_name: "gemini-3.8-flash", total_cost: "0" },
  ],
  [
    "the fallback that answered",
    { level: "DEFAULT", provided_model_name: "claude-haiku-4-5", type: "GENERATION" },
  ],
  [
    "a stream that broke",
    {
      level: "ERROR",
      status_message: expect.stringMatching(/^broken: /),
      provided_model_name: "claude-sonnet-5-5",
      total_cost: expect.stringMatching(/^0\.0[1-9]/),
    },
  ],
  [
    "the other provider's answer after it, which is not free",
    {
      level: "DEFAULT",
      provided_model_name: "gemini-3.1-pro-preview",
      total_cost: expect.stringMatching(/^0\.00[1-9]/),
    },
  ],
  [
    "an answer from the cache",
    {
      level: "DEFAULT",
      type: "GENERATION",
      total_cost: "0",
      metadata_values: expect.arrayContaining(["true"]),
    },
  ],
  [
    "a budget that is nearly used up",
    { name: "budget.degraded", level: "WARNING", status_message: "month_budget", trace_name: "ask" },
  ],
  [
    "the call that it moved",
    {
      provided_model_name: "gemini-3.5-flash-lite",
      metadata_values: expect.arrayContaining(["degraded", "economy"]),
    },
  ],
  [
    "a refusal",
    { name: "budget.refused", level: "WARNING", status_message: "month_budget", trace_name: "ask" },
  ],
  [
    "the agent's call that was refused",
    { name: "llm-call analysis", level: "WARNING", status_message: "month_budget" },
  ],
  [
    "its question",
    {
      name: "ask",
      parent_span_id: "",
      level: "WARNING",
      status_message: "month_budget",
      output: expect.stringMatching(/budget .* is used up/),
    },
  ],
  [
    "a call without an agent",
    {
      type: "GENERATION",
      parent_span_id: "",
      trace_name: "simple_lookup",
      session_id: "program",
      tags: expect.arrayContaining([`customer_id:${EVENTFUL}`, "model_used:gemini-3.8-flash"]),
    },
  ],
])("%s is a row that says so", (_what, row) => {
  expect(rows).toContainEqual(expect.objectContaining({ user_id: EVENTFUL, environment: "local", ...row }));
});

test("a question is one trace with its name, eight tags, customer and cost, whichever row Langfuse wrote last", () => {
  expect(traces).toHaveLength(sessions.flatMap((each) => each.traces).length);
  const asked = traces.filter(({ name }) => name === "ask");
  for (const trace of asked) {
    const found = sessions.flatMap((each) => each.traces).find(({ traceId }) => traceId === trace.id)!;
    // A question that no model answered has no model, and may have no tools.
    const known = TAGS.filter(
      (tag) => ofSample(trace) || !["model_used", "tools_invoked", "query_type"].includes(tag),
    );
    expect((trace.tags as string[]).map((tag) => tag.split(":")[0])).toEqual(expect.arrayContaining(known));
    expect(found).toMatchObject({ name: trace.name, tags: trace.tags, userId: trace.user_id });
    expect(found.cost).toBeCloseTo(Number(trace.total_cost), 11);
    expect(found.observations).toHaveLength(trace.observation_count as number);
    expect(new Set(found.observations.map(({ environment }) => environment))).toEqual(
      new Set([trace.environment]),
    );
    // Langfuse lists the first 200 characters.
    expect([found.question, found.answer].map((text) => [...text!].slice(0, 200).join(""))).toEqual([
      trace.input,
      trace.output,
    ]);
  }
  const questions = session!.traces.map(({ question }) => question);
  expect(new Set(questions).size).toBe(questions.length);
});

test("judges get the questions with their answers, and nothing else", () => {
  const answered = rows.filter(({ type, level }) => type === "AGENT" && level === "DEFAULT");
  const inputs = (of: Row[]) => of.map(({ input }) => `ask: ${String(input)}`);
  expect(answered.length).toBeLessThan(rows.filter(({ type }) => type === "AGENT").length);
  expect(Object.values(judged).map((names) => names.toSorted())).toEqual([
    inputs(answered).sort(),
    inputs(answered.filter(({ tags }) => (tags as string[]).includes("query_type:recommendation"))),
  ]);
  expect(Object.values(judged)[1]).toHaveLength(1);
});

test("every tile was accepted by Langfuse, and shows the conversation's money once", () => {
  const titles = langfuseSetup().boards.flatMap((board) => board.tiles.map(({ title }) => title));
  expect(Object.keys(tiles).sort()).toEqual(titles.sort());
  const shown = (title: string) => tiles[title]!.map((row) => Number(row.sum_totalCost ?? 0));
  const total = Number(tiles["LLM cost"]![0]!.sum_totalCost);
  expect(total).toBeCloseTo(allCost, 11);
  const sum = (titlesOfParts: string[]) => titlesOfParts.flatMap(shown).reduce((all, each) => all + each, 0);
  for (const parts of [
    ["Cost by customer"],
    ["Cost by model"],
    ["Cost over time"],
    ["Most expensive sessions"],
    ["Cost of cheap models", "Cost of expensive models"],
    titles.filter((title) => /^Cost: /.test(title)),
    titles.filter((title) => /^LLM cost: /.test(title)),
  ])
    expect([parts, sum(parts)]).toEqual([parts, expect.closeTo(total, 11)]);
});
