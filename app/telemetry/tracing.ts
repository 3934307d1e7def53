import { LangfuseSpanProcessor } from "@langfuse/otel";
import { setLangfuseTracerProvider } from "@langfuse/tracing";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-node";

export interface LangfuseAccess {
  host: string;
  publicKey: string;
  secretKey: string;
}

export interface Tracing {
  /** Sends what is left, for at most `withinMs`. A back-end that does not answer loses it. */
  shutdown(withinMs: number): Promise<void>;
}

/**
 * Starts tracing. Without Langfuse spans still get their ids, which logs and ledger rows carry, and go nowhere. Spans are
 * sent in the background: a back-end that is slow or gone delays no answer.
 */
export function startTracing(langfuse: LangfuseAccess | undefined, environment: string): Tracing {
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
      }),
    );
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
