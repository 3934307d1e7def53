import { retentionSql, TRACE_TABLES } from "../../components/clickhouse/retention";
import { clickhouseFiles, composeClickhouseFiles } from "../../infra/config-files/clickhouse";
import { definitions } from "../../litellm-config";

const sql = retentionSql({ archiveUrl: "http://store/archive", retentionDays: definitions.retention.traces });
const statements = sql
  .split(";")
  .map((each) => each.trim())
  .filter(Boolean);

describe("traces in ClickHouse", () => {
  test("covers the tables of Langfuse 4, the two of events among them", () => {
    expect(Object.keys(TRACE_TABLES)).toEqual([
      "traces",
      "observations",
      "scores",
      "events_full",
      "events_core",
    ]);
  });

  test.each(Object.entries(TRACE_TABLES))(
    "%s are archived by day, a week before they are deleted",
    (table, time) => {
      const archive = statements.findIndex(
        (each) => each.startsWith("INSERT") && each.includes(` FROM ${table} `),
      );
      expect(statements[archive]).toContain(
        `s3('http://store/archive/${table}/{_partition_id}.parquet', 'Parquet')`,
      );
      expect(statements[archive]).toContain(`WHERE toDate(${time}) BETWEEN today() - 89 AND today() - 83`);
      // A day is written seven times, should a run fail: never added to a file that is there.
      expect(statements[archive]).toContain("s3_truncate_on_insert = 1");
      expect(statements[archive + 1]).toBe(
        `ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + INTERVAL 90 DAY`,
      );
    },
  );

  test("the list of raw events is kept no longer than the traces", () => {
    expect(statements.at(-1)).toBe(
      "ALTER TABLE blob_storage_file_log MODIFY TTL toDateTime(created_at) + INTERVAL 90 DAY",
    );
  });
});

describe("ClickHouse's own logs", () => {
  const [compose] = Object.values(composeClickhouseFiles());
  const [google] = Object.values(clickhouseFiles("acme-archive"));

  test.each([
    ["Compose", compose!],
    ["Google Cloud", google!],
  ])("are kept a week on %s", (_, xml) => {
    const logs = [
      ...xml.matchAll(/<(\w+_log)><database>system<\/database><table>(\w+)<\/table><ttl>(.+?)<\/ttl>/g),
    ];
    expect(logs.length).toBeGreaterThanOrEqual(8);
    for (const [, name, table, ttl] of logs) {
      expect(table).toBe(name);
      expect(ttl).toBe("event_date + INTERVAL 7 DAY DELETE");
    }
    expect(logs.map(([, name]) => name)).toEqual(
      expect.arrayContaining(["query_log", "trace_log", "text_log"]),
    );
  });

  test("the archive's keys are in no file", () => {
    expect(compose).toContain('<secret_access_key from_env="TRACE_ARCHIVE_SECRET_ACCESS_KEY"/>');
    expect(google).toContain("<http_client>gcp_oauth</http_client>");
  });
});
