import * as types from "../../policies/infrastructure/types";
import { holdTo, of, redis, run, sql } from "./cases";

/** A machine that runs ClickHouse, with the SQL of its retention and a configuration file. */
function clickhouse(retention: string, configuration = "", environment = "") {
  const files = {
    "/etc/clickhouse/retention.sql": retention,
    "/etc/clickhouse-server/config.d/logs.xml": configuration,
    "/etc/clickhouse/server.env": environment,
  };
  const write_files = Object.entries(files).map(([path, content]) => ({ path, content }));
  const cloudConfig = { write_files, runcmd: ["systemctl start clickhouse.service"] };
  return of(types.VM, { metadata: { "user-data": `#cloud-config\n${JSON.stringify(cloudConfig)}` } });
}

holdTo([
  [
    "deletion-protection",
    "Set every deletion protection that the resource has",
    [
      [
        "protected",
        [
          ...[sql({ deletionProtectionEnabled: true }), redis({}), run("loki", {}), of(types.VM, {})].map(
            (each) => ({ ...each, props: { ...each.props, deletionProtection: true } }),
          ),
          { ...of(types.DISK, {}), protect: true },
          of(types.BUCKET, { forceDestroy: false }),
        ],
        [],
      ],
      ["not protected", [redis({ deletionProtection: false })], ["deletionProtection is false"]],
      [
        "not said",
        [sql({}), run("loki", {}), of(types.VM, {}), of(types.DISK, {})],
        [
          "deletionProtection is not set",
          "settings.deletionProtectionEnabled is not set",
          "deletionProtection is not set",
          "deletionProtection is not set",
          "The option protect is false",
        ],
      ],
      [
        "a bucket that goes with its objects",
        [of(types.BUCKET, { forceDestroy: true })],
        ["forceDestroy is true"],
      ],
      ["in dev", [redis({})], [], "dev"],
      ["another resource", [of(types.BUCKET_OBJECT, {})], []],
    ],
  ],
  [
    "labels",
    "Set the labels environment, service, owner, phase with labelsOf of components/labels.ts",
    [
      [
        "all",
        [
          of(types.BUCKET, { labels: { environment: "e", service: "s", owner: "o", phase: "1" } }),
          sql({ userLabels: { environment: "e", service: "s", owner: "o", phase: "1" } }),
        ],
        [],
      ],
      [
        "some",
        [run("loki", { labels: { environment: "e", owner: "" } })],
        ["The labels lack service, owner, phase"],
      ],
      [
        "none",
        [
          redis({}),
          of(types.VM, {}),
          of(types.DISK, {}),
          of(types.BUCKET, {}),
          of(types.SQL_INSTANCE, { labels: {} }),
        ],
        Array(5).fill("The labels lack environment, service, owner, phase"),
      ],
      ["another resource", [of(types.RUN_JOB, {})], []],
    ],
  ],
  [
    "retention-metrics",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      [
        "15 days",
        [
          run("prometheus", {
            template: { containers: [{ args: ["--x=1", "--storage.tsdb.retention.time=15d"] }] },
          }),
        ],
        [],
      ],
      [
        "30 days",
        [run("prometheus", { template: { containers: [{ args: ["--storage.tsdb.retention.time=30d"] }] } })],
        ["storage.tsdb.retention.time is 30d, not 15d"],
      ],
      [
        "not said",
        [run("prometheus", { template: { containers: [{}] } })],
        ["storage.tsdb.retention.time is not set, not 15d"],
      ],
      ["another service", [run("loki", {})], []],
    ],
  ],
  [
    "retention-logs",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      [
        "7 days",
        [
          of(types.BUCKET_OBJECT, {
            name: "loki/0a/loki.yaml",
            content: "{ limits_config: { retention_period: 168h }, compactor: { retention_enabled: true } }",
          }),
        ],
        [],
      ],
      [
        "14 days",
        [
          of(types.BUCKET_OBJECT, {
            name: "loki/0a/loki.yaml",
            content: "{ limits_config: { retention_period: 336h }, compactor: { retention_enabled: true } }",
          }),
        ],
        ["limits_config.retention_period is 336h, not 168h"],
      ],
      [
        "not said",
        [of(types.BUCKET_OBJECT, { name: "loki/0a/loki.yaml", content: "{}" })],
        ["limits_config.retention_period is not set, not 168h", "compactor.retention_enabled is not set"],
      ],
      [
        "another file",
        [of(types.BUCKET_OBJECT, { name: "loki/0a/rules.yaml", content: "{}" }), of(types.BUCKET_OBJECT, {})],
        [],
      ],
    ],
  ],
  [
    "retention-traces",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      ["90 days", [clickhouse("ALTER TABLE traces DELETE WHERE toDate(timestamp) <= today() - 90;")], []],
      ["90 days by a TTL", [clickhouse("ALTER TABLE t MODIFY TTL at + INTERVAL 90 DAY;")], []],
      ["90 days by a TTL in its other form", [clickhouse("TTL at + toIntervalDay(90)")], []],
      [
        "30 days",
        [clickhouse("ALTER TABLE traces DELETE WHERE toDate(timestamp) <= today() - 30;")],
        ["A table keeps its rows 30 days, not 90"],
      ],
      [
        "a TTL of 30 days",
        [clickhouse("ALTER TABLE t MODIFY TTL at + INTERVAL 30 DAY;")],
        ["A table keeps its rows 30 days, not 90"],
      ],
      ...(
        [
          ["90 days by the parameter", "{retention_days:UInt16}", "TRACE_RETENTION_DAYS=90", []],
          [
            "another parameter's days",
            "{retention_days:UInt16}",
            "TRACE_RETENTION_DAYS=30",
            ["A table keeps its rows 30 days, not 90"],
          ],
          [
            "a parameter without a value",
            "{retention_days:UInt16}",
            "",
            ["TRACE_RETENTION_DAYS of its retention.sql is not set"],
          ],
          [
            "a parameter of another name",
            "{days:UInt16}",
            "TRACE_RETENTION_DAYS=90",
            ["A table keeps its rows {days days, not 90"],
          ],
        ] as const
      ).map(([name, days, environment, findings]): [string, ReturnType<typeof clickhouse>[], string[]] => [
        name,
        [clickhouse(`ALTER TABLE t DELETE WHERE at <= today() - ${days};`, "", environment)],
        [...findings],
      ]),
      [
        "30 days in Compose's file",
        [of(types.BUCKET_OBJECT, { name: "compose.yaml", content: 'TRACE_RETENTION_DAYS: "30"' })],
        ["A table keeps its rows 30 days, not 90"],
      ],
      [
        "the TTL of ClickHouse's own logs",
        [clickhouse("today() - 90", "<ttl>event_date + INTERVAL 7 DAY</ttl>")],
        ["No table's old rows are deleted"],
      ],
      ["for ever", [clickhouse("SELECT 1")], ["No table's old rows are deleted"]],
      [
        "no retention at all",
        [of(types.VM, { metadata: { "user-data": "clickhouse-server" } })],
        ["It runs ClickHouse and no retention.sql bounds its tables"],
      ],
      ["another machine", [of(types.VM, { metadata: { "user-data": "postgres" } }), of(types.VM, {})], []],
    ],
  ],
]);
