import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { askClickHouse } from "../../ops/query/clickhouse";

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** As https://clickhouse.com/docs/interfaces/http documents it, in the words of a server of 18.16. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const { searchParams } = new URL(request.url!, "http://clickhouse");
  const sql = await text(request);
  const refuse = (status: number, why: string) => response.writeHead(status).end(`Code: ${why}\nStack trace`);
  const { "x-clickhouse-user": user, "x-clickhouse-key": password } = request.headers;
  if (user !== "langfuse" || password !== "right")
    return refuse(401, "193, e.displayText() = DB::Exception: Wrong password for user langfuse");
  if (searchParams.get("readonly") !== "2" || /^(drop|truncate)/i.test(sql))
    return refuse(500, "164, e.displayText() = DB::Exception: Cannot drop table in readonly mode");
  const quoted = searchParams.get("output_format_json_quote_64bit_integers") === "1";
  if (searchParams.get("default_format") !== "JSONCompact" || sql.includes("FORMAT"))
    return response.end("1\n");
  const meta = [
    { name: "table", type: "String" },
    { name: "bytes", type: "UInt64" },
  ];
  response.end(
    JSON.stringify({ meta, data: [["traces", quoted ? "18446744073709551615" : 1.8e19]], rows: 1 }),
  );
}

const ask = (sql: string, password = "right") => askClickHouse(sql, { url, user: "langfuse", password });

test("gives columns and rows, and every digit of a number", async () => {
  expect(await ask("SELECT table, bytes FROM system.parts")).toEqual({
    columns: ["table", "bytes"],
    rows: [["traces", "18446744073709551615"]],
  });
});

test.each([
  ["TRUNCATE TABLE system.trace_log", "right", /^ClickHouse answers 500: Code: 164.*readonly mode$/],
  ["SELECT 1", "wrong", /^ClickHouse answers 401: Code: 193.*Wrong password for user langfuse$/],
  [
    "SELECT 1 FORMAT TSV",
    "right",
    /^ClickHouse answers without rows to SELECT 1 FORMAT TSV: .*without FORMAT$/,
  ],
])("says what is wrong with %s, as %s", async (sql, password, why) => {
  await expect(ask(sql, password)).rejects.toThrow(why);
});

test("without a server it names the variable and --stack", async () => {
  await expect(askClickHouse("SELECT 1")).rejects.toThrow(/^CLICKHOUSE_URL "" must be .*--stack$/);
});
