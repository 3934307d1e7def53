import * as fc from "fast-check";
import { definitions } from "../../litellm-config";
import { ending, everyEnding, type Ending } from "./endings";

/** A random call. */
export interface PlannedCall {
  model: string;
  ending: Ending;
  messages: object[];
  body: Record<string, unknown>;
  /** Which of the round's customers and of their sessions. */
  customer: number;
  session: number;
  /** When the client goes away, in milliseconds; it stays when absent. */
  leavesAfterMs?: number;
}

export const CUSTOMERS = 3;
export const SESSIONS = 3;

const name = fc.stringMatching(/^[a-z][a-z_]{0,15}$/);
const text = fc
  .oneof(
    { weight: 3, arbitrary: fc.string({ maxLength: 300 }) },
    { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 200 }) },
    // Characters of which normalising makes up to 33 bytes each.
    {
      weight: 1,
      arbitrary: fc.string({
        unit: fc.constantFrom("\u{fdfa}", "\u337f", "\u00bd", "e\u0301"),
        maxLength: 60,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(1_000, 8_000, 30_000).map((length) => "word ".repeat(length / 5)),
    },
  )
  .map((value) => `.${value}`);

/** A schema of definitions that refer to each other: inlined, it doubles with each. */
const nested = fc.integer({ min: 1, max: 7 }).map((depth) => ({
  type: "object",
  properties: { root: { $ref: "#/$defs/d0" } },
  required: ["root"],
  additionalProperties: false,
  $defs: Object.fromEntries(
    Array.from({ length: depth }, (_, at) => {
      const next = at + 1 < depth ? { $ref: `#/$defs/d${at + 1}` } : { type: "string" };
      return [
        `d${at}`,
        {
          type: "object",
          properties: { a: next, b: next },
          required: ["a", "b"],
          additionalProperties: false,
        },
      ];
    }),
  ),
}));
const flat = fc
  .dictionary(name, fc.record({ type: fc.constant("string"), description: text }), { maxKeys: 3 })
  .map((properties) => ({ type: "object", properties }));

const tools = fc
  .uniqueArray(fc.tuple(name, text, fc.oneof(flat, nested)), { maxLength: 3, selector: ([each]) => each })
  .map((list) =>
    list.map(([tool, description, parameters]) => ({
      type: "function",
      function: { name: tool, description, parameters },
    })),
  );

const turn = fc.oneof(
  text.map((content) => [{ role: "user", content }]),
  fc.tuple(text, text).map(([question, content]) => [
    { role: "user", content: question },
    { role: "assistant", content },
  ]),
  fc.tuple(name, text, text).map(([id, question, content]) => [
    { role: "user", content: question },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id, type: "function", function: { name: "lookup", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: id, content },
  ]),
);

const optional = <T>(arbitrary: fc.Arbitrary<T>, frequency: number) =>
  fc.option(arbitrary, { freq: frequency, nil: undefined });

const body = fc.record(
  {
    stream: fc.boolean(),
    max_tokens: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constantFrom(2_000, 8_000, 1e6)),
    n: fc.constantFrom(1, 1, 1, 2),
    tools: tools.map((list) => (list.length > 0 ? list : undefined)),
    response_format: optional(
      nested.map((schema) => ({
        type: "json_schema",
        json_schema: { name: "answer", strict: true, schema },
      })),
      1,
    ),
    reasoning_effort: optional(fc.constantFrom("low", "high"), 1),
    stop: optional(fc.constantFrom("zzz", ["\n\n"]), 1),
  },
  { requiredKeys: ["stream"] },
);

const chatModels = Object.entries(definitions.models)
  .filter(([, { embedding }]) => !embedding)
  .map(([name]) => name);

/** One client in eight leaves: before its call is sent, while it is answered, or in its stream. */
const leavesAfterMs = fc.oneof(
  { weight: 7, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.noBias(fc.integer({ min: 20, max: 1_500 })) },
);

/** A random call of a round. */
export const plannedCall: fc.Arbitrary<PlannedCall> = fc
  .record({
    model: fc.constantFrom(...Object.keys(definitions.routes), ...chatModels),
    ending,
    messages: fc.array(turn, { maxLength: 3 }).map((turns) => turns.flat()),
    body,
    customer: fc.nat(CUSTOMERS - 1),
    session: fc.nat(SESSIONS - 1),
    leavesAfterMs,
  })
  .map(({ leavesAfterMs: leaves, ...call }) =>
    leaves === undefined ? call : { ...call, leavesAfterMs: leaves },
  );

/** A model of each provider in `config.yaml`. */
const MODEL_OF_WIRE = ["claude-sonnet-5-5", "gemini-3.8-flash"];

/** Every ending on every wire, plain and streamed: the matrix of what must be charged. */
export function matrix(seed: number): PlannedCall[] {
  return everyEnding(seed).flatMap((each, at) =>
    MODEL_OF_WIRE.flatMap((model) =>
      [false, true].map((stream) => ({
        model,
        ending: each,
        messages: [],
        body: { stream, max_tokens: 4_000 },
        customer: at % CUSTOMERS,
        session: at,
      })),
    ),
  );
}
