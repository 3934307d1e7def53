import { z } from "zod";
import { networkReason } from "../remote/google-api";
import { UsageError } from "../terminal/command";

export interface Answer {
  columns: string[];
  /** A row's values in the order of the columns; whole numbers of 64 bits are text. */
  rows: unknown[][];
}

/** Where ClickHouse listens for HTTP, and as whom it is asked. */
export interface ClickHouse {
  url: string;
  user: string;
  password: string;
}

const ANSWER = z.object({
  meta: z.array(z.object({ name: z.string() })),
  data: z.array(z.array(z.unknown())),
});

/**
 * The rows of one statement that changes nothing (`readonly`), within a minute.
 *
 * @throws Error with ClickHouse's own reason, or that it does not answer.
 * @see https://clickhouse.com/docs/interfaces/http
 */
export async function askClickHouse(sql: string, server = clickHouseOfEnvironment()): Promise<Answer> {
  const url = new URL(server.url);
  for (const [name, value] of Object.entries(SETTINGS)) url.searchParams.set(name, value);
  const answered = fetch(url, {
    method: "POST",
    body: sql,
    headers: { "X-ClickHouse-User": server.user, "X-ClickHouse-Key": server.password },
    signal: AbortSignal.timeout(65_000),
  });
  const { ok, status, text } = await answered
    .then(async (response) => ({ ok: response.ok, status: response.status, text: await response.text() }))
    .catch((error: unknown) => {
      const why = `ClickHouse at ${url.host} does not answer (${networkReason(error)}): see the runbook DiskPressure`;
      throw new Error(why, { cause: error });
    });
  if (!ok) throw new Error(`ClickHouse answers ${status}: ${reason(text)}`);
  const answer = ANSWER.safeParse(json(text)).data;
  if (!answer)
    throw new Error(
      `ClickHouse answers without rows to ${sql}: ask one statement that has some (SELECT, SHOW, DESCRIBE), without FORMAT`,
    );
  return { columns: answer.meta.map(({ name }) => name), rows: answer.data };
}

const SETTINGS = {
  // Data can be read and settings can be set, which the others here need.
  readonly: "2",
  // An error in the middle of an answer is an error of the request.
  wait_end_of_query: "1",
  max_execution_time: "60",
  default_format: "JSONCompact",
  output_format_json_quote_64bit_integers: "1",
};

function clickHouseOfEnvironment(): ClickHouse {
  const {
    CLICKHOUSE_URL: url = "",
    CLICKHOUSE_USER: user = "",
    CLICKHOUSE_PASSWORD: password = "",
  } = process.env;
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new UsageError(
      `CLICKHOUSE_URL "${url}" must be the address of ClickHouse's HTTP interface, with CLICKHOUSE_USER and CLICKHOUSE_PASSWORD; or ask a stack's with --stack`,
    );
  return { url, user, password };
}

/** What ClickHouse says, in its first line; another server's page is not shown. */
function reason(text: string): string {
  return /^Code: .*/.exec(text)?.[0].slice(0, 500) ?? "no reason given; is that its address?";
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
