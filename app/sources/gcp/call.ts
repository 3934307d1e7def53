import { getActiveTraceId, startActiveObservation } from "@langfuse/tracing";
import { UserError } from "../../errors";
import type { Telemetry } from "../../telemetry";

export interface GcpCall {
  api: "bigquery" | "recommender" | "asset";
  /** The method, such as "jobs.insert". */
  operation: string;
  project: string;
  /** What the customer reads when Google answers 403 or 404. */
  denied: string;
  missing: string;
}

/** HTTP statuses, and gRPC's codes for the same. */
const DENIED = new Set<unknown>([401, 403, 7, 16]);
const MISSING = new Set<unknown>([404, 5]);

/**
 * Makes one call to a Google Cloud API: traced, timed, and its failure logged by code.
 *
 * @throws UserError with the call's own words when access or the resource is missing, else what the client threw.
 */
export async function gcpCall<T>(
  { api, operation, project, denied, missing }: GcpCall,
  { log, metrics }: Telemetry,
  request: () => Promise<T>,
): Promise<T> {
  return startActiveObservation(`${api} ${operation}`, async (span) => {
    span.update({ metadata: { api, operation, gcp_project: project } });
    const started = performance.now();
    const observe = (outcome: "ok" | "error") =>
      metrics.gcpApiSeconds.observe({ api, outcome }, (performance.now() - started) / 1_000);
    try {
      const answer = await request();
      observe("ok");
      return answer;
    } catch (error) {
      observe("error");
      const code = (error as { code?: unknown }).code ?? "unknown";
      span.update({ level: "ERROR", statusMessage: `code ${String(code)}` });
      log.warn(
        { event: "gcp.error", api, operation, code, gcp_project: project, trace_id: getActiveTraceId() },
        `${api} ${operation} failed`,
      );
      if (DENIED.has(code)) throw new UserError(denied, { cause: error });
      if (MISSING.has(code)) throw new UserError(missing, { cause: error });
      throw error;
    }
  });
}
