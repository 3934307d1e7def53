import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadSync } from "protobufjs";
import { z } from "zod";

/** An attribute's value as plain JSON. */
export type Attribute = string | number | boolean | null | Attribute[] | { [key: string]: Attribute };

/** A span as the sink keeps it. */
export interface Span {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds. */
  duration: number;
  attributes: Record<string, Attribute>;
  resource: Record<string, Attribute>;
  events: { name: string; attributes: Record<string, Attribute> }[];
  /** What went wrong; absent unless the span's status is an error. */
  error?: string;
}

/** A body that is not an OTLP trace export; the message says why. */
export class MalformedTraces extends Error {}

/** A batch of spans is far smaller; more is a mistake or a gzip bomb. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * Spans of an OTLP/HTTP trace export, protobuf or JSON, gzip or plain. Langfuse's SDK sends JSON, LiteLLM protobuf.
 *
 * @throws MalformedTraces when the body is not what its content type says.
 */
export function decodeTraces(body: Buffer, contentType: string, contentEncoding: string | undefined): Span[] {
  try {
    const bytes = contentEncoding === "gzip" ? gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES }) : body;
    const isJson = contentType.startsWith("application/json");
    if (!isJson && !contentType.startsWith("application/x-protobuf"))
      throw new Error(
        `Invalid content type "${contentType}": use application/json or application/x-protobuf`,
      );
    const raw: unknown = isJson ? JSON.parse(bytes.toString("utf8")) : fromProtobuf(bytes);
    return exportRequest
      .parse(raw)
      .resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, resource?.attributes ?? []))),
      );
  } catch (error) {
    throw new MalformedTraces(error instanceof z.ZodError ? z.prettifyError(error) : String(error));
  }
}

const requestType = loadSync(join(__dirname, "trace.proto")).lookupType("otlp.ExportTraceServiceRequest");

/** The message in OTLP's JSON form, except that identifiers are base64 and not yet hexadecimal. */
function fromProtobuf(bytes: Uint8Array): unknown {
  return requestType.toObject(requestType.decode(bytes), { longs: String, bytes: String });
}

interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
  bytesValue?: string;
}

interface KeyValue {
  key: string;
  value?: AnyValue;
}

const keyValues = z
  .array(z.custom<KeyValue>((entry) => typeof (entry as KeyValue | null)?.key === "string"))
  .default([]);
const unixNanos = z.union([z.string(), z.number()]).default(0);
const rawSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string().default(""),
  startTimeUnixNano: unixNanos,
  endTimeUnixNano: unixNanos,
  attributes: keyValues,
  events: z.array(z.object({ name: z.string().default(""), attributes: keyValues })).default([]),
  status: z.object({ message: z.string().optional(), code: z.number().optional() }).optional(),
});
const exportRequest = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes: keyValues }).optional(),
        scopeSpans: z.array(z.object({ spans: z.array(rawSpan).default([]) })).default([]),
      }),
    )
    .default([]),
});

const STATUS_ERROR = 2;

function toSpan(span: z.infer<typeof rawSpan>, resource: KeyValue[]): Span {
  const { name, status } = span;
  const started = milliseconds(span.startTimeUnixNano);
  return {
    traceId: hex(span.traceId, 32),
    spanId: hex(span.spanId, 16),
    parentSpanId: span.parentSpanId ? hex(span.parentSpanId, 16) : undefined,
    name,
    startedAt: new Date(started).toISOString(),
    duration: Math.max(0, milliseconds(span.endTimeUnixNano) - started),
    attributes: toRecord(span.attributes),
    resource: toRecord(resource),
    events: span.events.map((event) => ({ name: event.name, attributes: toRecord(event.attributes) })),
    error: status?.code === STATUS_ERROR ? (status.message ?? "error") : undefined,
  };
}

/** OTLP's JSON has identifiers in hexadecimal already, protobuf's bytes come as base64. */
function hex(id: string, digits: number): string {
  const isHex = id.length === digits && /^[0-9a-f]+$/i.test(id);
  const text = isHex ? id.toLowerCase() : Buffer.from(id, "base64").toString("hex");
  if (text.length !== digits)
    throw new Error(`"${id}" must be an identifier of ${digits} hexadecimal digits`);
  return text;
}

function milliseconds(unixNano: string | number): number {
  return Number(BigInt(unixNano) / 1_000_000n);
}

function toRecord(entries: KeyValue[]): Record<string, Attribute> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, toAttribute(value)]));
}

function toAttribute(value: AnyValue | undefined): Attribute {
  if (value?.arrayValue) return (value.arrayValue.values ?? []).map(toAttribute);
  if (value?.kvlistValue) return toRecord(value.kvlistValue.values ?? []);
  if (value?.intValue !== undefined) return Number(value.intValue);
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? value?.bytesValue ?? null;
}
