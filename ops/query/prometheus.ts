import { z } from "zod";
import { networkReason } from "../remote/google-api";
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
  if (!/^https?:/.test(base) || !URL.canParse(base))
    throw new Error(`Prometheus' address "${base}" must be a URL, such as http://127.0.0.1:9090`);
  // Where services share an instance the address has a path.
  const url = new URL(`${base.replace(/\/+$/, "")}/api/v1/query`);
  url.searchParams.set("query", expression);
  const response = await fetch(url, {
    signal: AbortSignal.timeout(10_000),
    headers: authorization ? { authorization } : {},
  }).catch((error: unknown) => {
    throw new Error(`Prometheus at ${url.host} does not answer (${networkReason(error)}): start it`, {
      cause: error,
    });
  });
  const { data, error: reason } = ANSWER.safeParse(await response.json().catch(() => undefined)).data ?? {};
  if (data?.resultType === "matrix")
    throw new Error(
      `${expression} has many values a series: ask for one, such as rate(...) or ..._over_time(...)`,
    );
  if (!response.ok || !data)
    throw new Error(
      `Prometheus answers ${response.status} to ${expression}: ${reason ?? "no reason given; is that its address?"}`,
    );
  // A scalar is one value without labels.
  return data.resultType === "vector" ? data.result : [{ metric: {}, value: data.result }];
}

const VALUE = z.tuple([z.number(), z.string()]);
const ANSWER = z.object({
  data: z
    .union([
      z.object({
        resultType: z.literal("vector"),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: VALUE })),
      }),
      z.object({ resultType: z.enum(["scalar", "string"]), result: VALUE }),
      z.object({ resultType: z.literal("matrix") }),
    ])
    .optional(),
  error: z.string().optional(),
});

function localPrometheus(): string {
  const { url } = runningStack().services.prometheus ?? {};
  if (!url) throw new Error("The local Prometheus is not up yet: wait for `npm start`");
  return url;
}
