import { runningStack } from "../workspace/state";

/** A series' value at one time, as Prometheus' HTTP API has it: seconds, and the number as text. */
export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/**
 * What Prometheus answers now, in the order of the expressions.
 *
 * @param url Its address. Default: that of `PROMETHEUS_URL`, otherwise the running local stack's.
 * @param authorization Sent as the header `Authorization`.
 * @throws Error when it does not answer, or refuses an expression.
 */
export async function askPrometheus(
  expressions: string[],
  url: string = process.env.PROMETHEUS_URL ?? localPrometheus(),
  authorization?: string,
): Promise<Sample[][]> {
  return Promise.all(expressions.map((expression) => ask(expression, url, authorization)));
}

async function ask(expression: string, base: string, authorization?: string): Promise<Sample[]> {
  const url = new URL("/api/v1/query", base);
  url.searchParams.set("query", expression);
  const response = await fetch(url, {
    signal: AbortSignal.timeout(10_000),
    headers: authorization ? { authorization } : {},
  });
  const body = (await response.json().catch(() => ({}))) as Answer;
  if (!response.ok || !body.data)
    throw new Error(
      `Prometheus answers ${response.status} to ${expression}: ${body.error ?? "no reason given"}`,
    );
  const { resultType, result } = body.data;
  // A scalar is one value without labels.
  return resultType === "scalar" ? [{ metric: {}, value: result as Sample["value"] }] : (result as Sample[]);
}

interface Answer {
  data?: { resultType: string; result: unknown };
  error?: string;
}

function localPrometheus(): string {
  const { url } = runningStack().services.prometheus ?? {};
  if (!url) throw new Error("The local Prometheus is not up yet: wait for `npm start`");
  return url;
}
