import { LangfuseSpanProcessor } from "@langfuse/otel";
import { setLangfuseTracerProvider } from "@langfuse/tracing";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-node";
import { withoutTexts } from "./without-texts";

export interface LangfuseAccess {
  host: string;
  publicKey: string;
  secretKey: string;
  /** Whether it gets the texts of questions, answers and tools. */
  texts: boolean;
}

export interface Tracing {
  /** Sends what is left, for at most `withinMs`. A back-end that does not answer loses it. */
  shutdown(withinMs: number): Promise<void>;
}

const LEFT_OUT = "left out: TOLLGATE_TRACE_TEXTS is none";

/**
 * Starts tracing. Without Langfuse and Tempo spans still get their ids, which logs and ledger rows carry, and go nowhere. Spans
 * are sent in the background: a back-end that is slow or gone delays no answer.
 *
 * @param tempo where Tempo takes OTLP over HTTP, without a final slash; it gets times and names, no texts.
 */
export function startTracing(
  langfuse: LangfuseAccess | undefined,
  environment: string,
  tempo?: string,
): Tracing {
  const spanProcessors: SpanProcessor[] = [];
  if (langfuse) {
    spanProcessors.push(
      new LangfuseSpanProcessor({
        baseUrl: langfuse.host,
        publicKey: langfuse.publicKey,
        secretKey: langfuse.secretKey,
        environment,
        timeout: 5,
        mediaUploadEnabled: false,
        ...(langfuse.texts ? {} : { mask: () => LEFT_OUT }),
      }),
    );
  }
  if (tempo) {
    const exporter = new OTLPTraceExporter({ url: `${tempo}/v1/traces`, timeoutMillis: 5_000 });
    spanProcessors.push(new BatchSpanProcessor(withoutTexts(exporter)));
  }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": "agent" }),
    spanProcessors,
  });
  provider.register();
  setLangfuseTracerProvider(provider);
  return {
    async shutdown(withinMs) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
      await Promise.race([provider.shutdown().catch(() => undefined), timeout]);
      clearTimeout(timer);
    },
  };
}
