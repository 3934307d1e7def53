import * as types from "../../policies/infrastructure/types";
import { holdTo, of, redis, run, sql } from "./cases";

holdTo([
  [
    "deletion-protection",
    "Set deletionProtection to true",
    [
      [
        "protected",
        [sql({}), redis({}), run("loki", {}), of(types.VM, {})].map((each) => ({
          ...each,
          props: { ...each.props, deletionProtection: true },
        })),
        [],
      ],
      ["not protected", [redis({ deletionProtection: false })], ["deletionProtection is false"]],
      [
        "not said",
        [sql({}), run("loki", {}), of(types.VM, {})],
        Array(3).fill("deletionProtection is not set"),
      ],
      ["in dev", [redis({})], [], "dev"],
      ["another resource", [of(types.DISK, {})], []],
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
      ["not said", [run("prometheus", {})], ["storage.tsdb.retention.time is not set, not 15d"]],
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
            content: "limits_config: { retention_period: 168h }",
          }),
        ],
        [],
      ],
      [
        "14 days",
        [
          of(types.BUCKET_OBJECT, {
            name: "loki/0a/loki.yaml",
            content: "limits_config: { retention_period: 336h }",
          }),
        ],
        ["limits_config.retention_period is 336h, not 168h"],
      ],
      [
        "not said",
        [of(types.BUCKET_OBJECT, { name: "loki/0a/loki.yaml", content: "{}" })],
        ["limits_config.retention_period is not set, not 168h"],
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
      [
        "90 days",
        [of(types.VM, { metadata: { "user-data": "clickhouse TTL start_time + INTERVAL 90 DAY" } })],
        [],
      ],
      [
        "90 days in the other form",
        [of(types.VM, { metadata: { "user-data": "clickhouse toIntervalDay(90)" } })],
        [],
      ],
      [
        "30 days",
        [of(types.VM, { metadata: { "user-data": "clickhouse INTERVAL 30 DAY" } })],
        ["The machine's user-data sets no TTL of 90 days"],
      ],
      ["another machine", [of(types.VM, { metadata: { "user-data": "postgres" } }), of(types.VM, {})], []],
    ],
  ],
]);
