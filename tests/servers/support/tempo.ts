import { setTimeout as sleep } from "node:timers/promises";

/** A span as Tempo keeps it. */
export interface TempoSpan {
  service: string;
  name: string;
  spanId: string;
  parentSpanId?: string;
  /** Numbers as text. */
  attributes: Record<string, string>;
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number };
}

interface Batch {
  resource: { attributes: Attribute[] };
  scopeSpans: { spans: (Omit<TempoSpan, "attributes" | "service"> & { attributes?: Attribute[] })[] }[];
}

/** A trace's spans; none while Tempo does not know it. */
export async function spansOf(url: string, traceId: string): Promise<TempoSpan[]> {
  const response = await fetch(`${url}/api/traces/${traceId}`);
  if (!response.ok) return [];
  const { batches } = (await response.json()) as { batches: Batch[] };
  return batches.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, service, attributes: textsOf(span.attributes) })),
    );
  });
}

/** A trace's spans, as soon as they are what is waited for, or half a minute later. */
export async function eventuallyTrace(
  url: string,
  traceId: string,
  isWhole: (spans: TempoSpan[]) => boolean,
): Promise<TempoSpan[]> {
  for (let tries = 0; ; tries++) {
    const spans = await spansOf(url, traceId);
    if (tries === 60 || isWhole(spans)) return spans;
    await sleep(500);
  }
}

function textsOf(attributes: Attribute[] = []): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? "")]),
  );
}
