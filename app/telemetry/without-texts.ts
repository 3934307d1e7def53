import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node";

/** What infrastructure traces say of a step. Everything else may hold what a customer asked or read, and goes to Langfuse alone. */
const NAMED: ReadonlySet<string> = new Set([
  "langfuse.observation.type",
  "langfuse.observation.level",
  "langfuse.trace.metadata.query_type",
  "session.id",
  "user.id",
]);

/** An exporter that gets spans with their names, times and status, without texts: no prompts, answers, arguments or errors' words. */
export function withoutTexts(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(bare), done),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

function bare(span: ReadableSpan): ReadableSpan {
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([key]) => NAMED.has(key)));
  // Its getters and methods stay: they are the class's.
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}
