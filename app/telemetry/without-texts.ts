import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node";
import { TAGS } from "../../litellm-config";

/**
 * What infrastructure traces say of a step: the tags, under the names that log lines have for them. Everything else may hold what
 * a customer asked or read, and goes to Langfuse alone.
 */
const NAMED: Record<string, string> = {
  [LangfuseOtelSpanAttributes.OBSERVATION_LEVEL]: "level",
  ...Object.fromEntries(TAGS.map((tag) => [`${LangfuseOtelSpanAttributes.TRACE_METADATA}.${tag}`, tag])),
};

/** An exporter that gets spans with their names, times, tags and status: no prompts, answers, arguments or errors' words. */
export function withoutTexts(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(bare), done),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

function bare(span: ReadableSpan): ReadableSpan {
  const attributes = Object.entries(span.attributes).flatMap(([key, value]) => {
    const name = NAMED[key];
    return name ? [[name, value]] : [];
  });
  // Its getters and methods stay: they are the class's.
  return Object.create(span, {
    attributes: { value: Object.fromEntries(attributes) },
    events: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}
