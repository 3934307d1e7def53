/** The recorded conversation, and what the local sink says of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeTraces, type Span } from "../../../local/otlp-sink/decode";
import { sessionsOf, type Trace } from "../../../local/otlp-sink/sessions";
import { SAMPLE_CUSTOMER } from "../../../local/stack/sample-customer";
import type { Recorded } from "./langfuse";
import type { Outcome } from "./outcome";

const read = (file: string): unknown => JSON.parse(readFileSync(join(__dirname, file), "utf8"));

/** The customer whose conversations do not all go well. */
export const EVENTFUL = "eventful";

export const expectedOutcome = (): Outcome => read("expected.json") as Outcome;

/** All spans of the recorded requests. */
export function recordedSpans(): Span[] {
  return (read("recorded.json") as Recorded[]).flatMap(({ headers, body }) =>
    decodeTraces(Buffer.from(body, "base64"), headers["content-type"] ?? "", headers["content-encoding"]),
  );
}

/** What is the same in every run of the sample conversation: not ids, times, amounts, and which variant of a route answered. */
export function shapeOf(spans: Span[]) {
  const newest = sessionsOf(spans).find(({ traces }) => traces[0]!.userId === SAMPLE_CUSTOMER.customerId);
  return newest!.traces.toReversed().map((trace) => ({
    name: trace.name,
    tags: namesOf(trace.tags),
    observations: trace.observations.map((each) => shapeOfObservation(each, trace)),
  }));
}

function shapeOfObservation(each: Trace["observations"][number], trace: Trace) {
  const parent = trace.observations.find(({ spanId }) => spanId === each.parentSpanId);
  return {
    name: each.name,
    type: each.type,
    parent: parent?.name,
    environment: each.environment,
    traceName: each.traceName,
    tags: namesOf(each.tags),
    metadata: Object.keys(each.metadata).sort(),
    prompt: each.promptName && [each.promptName, each.promptVersion],
    usage: ["input", "output"].filter((kind) => each.usage[kind] !== undefined),
    costs: ["input", "output", "total"].filter((kind) => each.costs[kind] !== undefined),
    namesItsModel: each.model !== undefined && each.model === each.metadata.model_used,
    hasFirstToken: each.firstTokenAt !== undefined,
    error: each.error,
  };
}

const namesOf = (tags: string[]) => tags.map((tag) => tag.split(":")[0]);
