import { LangfuseOtelSpanAttributes, propagateAttributes, startActiveObservation } from "@langfuse/tracing";
import type { LangfuseAgent } from "@langfuse/tracing";
import type { TAGS } from "../../litellm-config";

/** The eight tags of every request (docs/interfaces.md). */
export type Tags = Record<(typeof TAGS)[number], string | string[] | null>;

/** Tags as Langfuse holds metadata: text, and none that is unknown. */
function asMetadata(tags: Partial<Tags>): Record<string, string> {
  const known = Object.entries(tags).filter(([, value]) => value !== null && value.length > 0);
  return Object.fromEntries(known.map(([key, value]) => [key, String(value)]));
}

/**
 * Runs one question as one Langfuse trace: the session and the customer are on every observation in it, the tags on the
 * trace.
 *
 * @param known the tags that are known before the question is answered.
 * @param work gets a function that puts the tags known afterwards on the trace.
 */
export function traceQuestion<T>(
  known: Partial<Tags> & { customer_id: string; session_id: string },
  question: string,
  work: (agent: LangfuseAgent, tag: (later: Partial<Tags>) => void) => Promise<T>,
): Promise<T> {
  const attributes = {
    traceName: "ask",
    userId: known.customer_id,
    sessionId: known.session_id,
    metadata: asMetadata(known),
  };
  return propagateAttributes(attributes, () =>
    startActiveObservation(
      "ask",
      (agent) => {
        agent.update({ input: question });
        return work(agent, (later) => {
          const metadata = asMetadata({ ...known, ...later });
          agent.update({ metadata });
          for (const [key, value] of Object.entries(metadata)) {
            agent.otelSpan.setAttribute(`${LangfuseOtelSpanAttributes.TRACE_METADATA}.${key}`, value);
          }
          agent.otelSpan.setAttribute(
            LangfuseOtelSpanAttributes.TRACE_TAGS,
            Object.entries(metadata).map(([key, value]) => `${key}:${value}`),
          );
        });
      },
      { asType: "agent" },
    ),
  );
}
