import { readFileSync } from "node:fs";
import { clickhouseFiles } from "../../infra/config-files/native";
import { service } from "../../catalogue";
import { envOf } from "../../catalogue/target";
import { committedComposeFile } from "../compose/support";

/** Langfuse's tables with the column that says when a row happened. */
const TRACE_TABLES = {
  traces: "timestamp",
  observations: "start_time",
  scores: "timestamp",
  events_full: "start_time",
  events_core: "start_time",
};
const statements = readFileSync("components/clickhouse/retention.sql", "utf8")
  .replace(/^--.*$/gm, "")
  .split(";")
  .map((each) => each.trim())
  .filter(Boolean);

describe("traces in ClickHouse", () => {
  test("are archived and deleted in the tables of Langfuse 4, the two of events among them, and in no other", () => {
    const written = (verb: RegExp) => statements.flatMap((each) => verb.exec(each)?.[1] ?? []);
    expect(written(/^INSERT INTO[^]* FROM (\w+) /)).toEqual(Object.keys(TRACE_TABLES));
    expect(written(/^ALTER TABLE (\w+) DELETE/)).toEqual(Object.keys(TRACE_TABLES));
  });

  test.each(Object.entries(TRACE_TABLES))(
    "%s are archived by day, a week before they are deleted",
    (table, time) => {
      const archive = statements.findIndex(
        (each) => each.startsWith("INSERT") && each.includes(` FROM ${table} `),
      );
      expect(statements[archive]).toContain(
        `s3({archive:String} || '${table}/{_partition_id}.parquet', 'Parquet')`,
      );
      // All that is old and still there, not a window of days that failed exports could fall out of.
      expect(statements[archive]).toContain(`WHERE toDate(${time}) <= today() - {retention_days:UInt16} + 7`);
      expect(statements[archive + 1]).toBe(
        `ALTER TABLE ${table} DELETE WHERE toDate(${time}) <= today() - {retention_days:UInt16}`,
      );
    },
  );

  test("a day that is written again replaces its object, and one fits in memory", () => {
    const settings = statements.filter((each) => each.startsWith("SET "));
    expect(statements.slice(0, settings.length)).toEqual(settings);
    expect(settings.join()).toContain("s3_truncate_on_insert = 1");
    expect(settings.join()).toContain("max_threads = 1, max_insert_threads = 1, max_block_size = 512");
  });

  test("nothing deletes an archived table's rows but the statement after its export, which a failure stops", () => {
    expect(statements.filter((each) => each.includes("TTL"))).toHaveLength(1);
    const retention = committedComposeFile().services["clickhouse-retention"]!;
    expect(JSON.stringify(retention)).toContain("--multiquery");
    expect(JSON.stringify(retention)).not.toContain("--ignore-error");
    expect(retention.environment).toMatchObject({
      TRACE_ARCHIVE_URL: "http://blob-store:9002/trace-archive/",
      TRACE_RETENTION_DAYS: "90",
    });
  });

  test("the list of raw events is kept no longer than the traces", () => {
    expect(statements.at(-1)).toBe(
      "ALTER TABLE blob_storage_file_log MODIFY TTL toDateTime(created_at) + INTERVAL {retention_days:UInt16} DAY",
    );
  });
});

describe.each(["compose", "gcp"] as const)("ClickHouse on %s", (target) => {
  const archive = target === "gcp" ? "cloud-storage" : "blob-store";
  const env = envOf(service("clickhouse"), target);
  const xml = Object.values(clickhouseFiles(archive)).join("");

  test("gets every variable that its files read", () => {
    const read = [...xml.matchAll(/from_env="(\w+)"/g)].map(([, name]) => name!);
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((name) => !(name in env))).toEqual([]);
  });

  test("keeps its own logs a week", () => {
    const logs = [
      ...xml.matchAll(
        /<(\w+_log)><database>system<\/database><table>(\w+)<\/table><ttl from_env="(\w+)" replace="replace"\/>/g,
      ),
    ];
    expect(logs.length).toBeGreaterThanOrEqual(8);
    for (const [, name, table, variable] of logs) {
      expect(table).toBe(name);
      const date = name === "opentelemetry_span_log" ? "finish_date" : "event_date";
      expect(env[variable!]).toBe(`${date} + INTERVAL 7 DAY DELETE`);
    }
    expect(logs.map(([, name]) => name)).toEqual(
      expect.arrayContaining(["query_log", "trace_log", "text_log", "latency_log", "opentelemetry_span_log"]),
    );
  });
});

test("the archive's keys are in no file", () => {
  expect(clickhouseFiles("blob-store")["blob-store.xml"]).toContain(
    '<secret_access_key from_env="TRACE_ARCHIVE_SECRET_ACCESS_KEY"/>',
  );
  expect(clickhouseFiles("cloud-storage")["cloud-storage.xml"]).toContain(
    "<http_client>gcp_oauth</http_client>",
  );
});
