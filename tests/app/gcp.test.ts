import { gcpSources } from "../../app/sources/gcp";
import { extentQuery, MAX_BYTES_BILLED, spendQuery } from "../../app/sources/gcp/billing";
import { chooseExports } from "../../app/sources/gcp/exports";
import { placesOf } from "../../app/sources/gcp/recommendations";
import { RECOMMENDATION_KINDS, type Sources, type SpendQuery } from "../../app/sources/source";
import { createLog, createMetrics, type Telemetry } from "../../app/telemetry";
import { runPlainTool } from "../support/billing/run-plain-tool";
import { error, GoogleStandIn, type Handler } from "../support/google/stand-in";
import B10 from "./cases/B10-detailed-export-only.json";
import B13 from "./cases/B13-mutually-exclusive-savings.json";
import B14 from "./cases/B14-currency-of-savings.json";
import B15 from "./cases/B15-more-than-500-assets.json";
import { NOW } from "./harness";

const PROJECT = "shop-prod";
const TABLE = "gcp_billing_export_v1_0123AB_4567CD_89EF01";

const google = new GoogleStandIn();
let telemetry: Telemetry;
let sources: Sources;
beforeAll(() => google.start());
afterAll(() => google.stop());
beforeEach(() => {
  google.calls.length = 0;
  telemetry = { log: createLog({ level: "error", environment: "local" }), metrics: createMetrics() };
  sources = gcpSources(
    { dataset: "billing_export", clients: google.clients(), now: () => NOW },
    telemetry,
  )(PROJECT);
});

type Answer = { fields: Array<[name: string, type: string]>; rows: unknown[][] };

const SPEND: Answer["fields"] = [
  ["day", "STRING"],
  ["service", "STRING"],
  ["currency", "STRING"],
  ["kind", "STRING"],
  ["credit", "STRING"],
  ["amount", "STRING"],
];
const EXTENT: Answer["fields"] = [
  ["currency", "STRING"],
  ["rate", "FLOAT"],
  ["first_usage", "INTEGER"],
  ["newest_export", "INTEGER"],
];

/** BigQuery v2: tables.list, jobs.insert, jobs.getQueryResults. */
function bigquery({
  tables = [TABLE],
  bytes = 1_000,
  answer = { fields: SPEND, rows: [] } as Answer,
} = {}): Handler {
  return ({ method, path, body }) => {
    if (path === `/bigquery/v2/projects/${PROJECT}/datasets/billing_export/tables`) {
      const listed = tables.map((tableId) => ({
        id: `${PROJECT}:billing_export.${tableId}`,
        tableReference: { projectId: PROJECT, datasetId: "billing_export", tableId },
      }));
      return { body: { tables: listed, totalItems: listed.length } };
    }
    if (method === "POST" && path === "/bigquery/v2/projects/agent-project/jobs") {
      return {
        body: {
          jobReference: { ...body.jobReference, location: "US" },
          configuration: body.configuration,
          status: { state: "DONE" },
          statistics: { totalBytesProcessed: String(bytes) },
        },
      };
    }
    if (path.startsWith("/bigquery/v2/projects/agent-project/queries/")) {
      const fields = answer.fields.map(([name, type]) => ({ name, type }));
      const rows = answer.rows.map((row) => ({ f: row.map((v) => ({ v })) }));
      return { body: { jobComplete: true, schema: { fields }, rows, totalRows: String(rows.length) } };
    }
    return undefined;
  };
}

/** The jobs that BigQuery was asked to run. */
const jobs = () =>
  google.calls.filter(({ path }) => path.endsWith("/jobs")).map(({ body }) => body.configuration);
const paramsOf = (job: ReturnType<typeof jobs>[number]) =>
  Object.fromEntries(
    job.query.queryParameters.map((p: { name: string; parameterValue: { value: string } }) => [
      p.name,
      p.parameterValue.value,
    ]),
  );

describe("the billing export in BigQuery", () => {
  const asked: SpendQuery = {
    of: { days: { from: "2026-11-16", to: "2026-11-22" } },
    groupBy: ["day", "service"],
    filter: { service: "BigQuery' OR TRUE --", project: "(none)" },
  };

  test("is read with bound parameters, dry-run first, bytes billed capped, in the customer's dataset only", async () => {
    const rows = [
      ["2026-11-17", "BigQuery", "IDR", "usage", null, "99999999999999.123456789"],
      ["2026-11-17", "BigQuery", "IDR", "usage", "PROMOTION", "-0.5"],
    ];
    google.handler = bigquery({ answer: { fields: SPEND, rows } });
    const group = { day: "2026-11-17", service: "BigQuery", currency: "IDR", kind: "usage" };
    expect(await sources.spend(asked)).toEqual([
      // More than a number could hold exactly.
      { ...group, credit: null, nanos: 99_999_999_999_999_123_456_789n },
      { ...group, credit: "PROMOTION", nanos: -500_000_000n },
    ]);

    expect(jobs().map(({ dryRun }) => dryRun ?? false)).toEqual([true, false]);
    const [planned, run] = jobs();
    expect(run.query.query).toBe(planned.query.query);
    expect(run.query.query).toContain(`FROM \`${PROJECT}.billing_export.${TABLE}\``);
    expect(run.query.query).not.toContain("OR TRUE");
    expect(run.query.useLegacySql).toBe(false);
    expect(run.query.maximumBytesBilled).toBe(String(MAX_BYTES_BILLED));
    expect(paramsOf(run)).toEqual({
      since: "2026-11-16",
      from: "2026-11-16",
      to: "2026-11-22",
      service: "BigQuery' OR TRUE --",
      project: "(none)",
    });
  });

  test("counts days in Pacific time, exact decimals and credits apart, in one read of few partitions", () => {
    const { query } = spendQuery(["p.d.t"], asked);
    expect(query.match(/FROM `p\.d\.t`/g)).toHaveLength(1);
    expect(query).toContain("_PARTITIONTIME >= TIMESTAMP(@since)");
    expect(query).toContain("usage_start_time >= TIMESTAMP(@from, 'America/Los_Angeles')");
    expect(query).toContain("CAST(DATE(usage_start_time, 'America/Los_Angeles') AS STRING) AS day");
    expect(query).toContain("SUM(CAST(part.amount AS NUMERIC(38, 9)))");
    expect(query).toContain("GROUP BY day, service, currency, kind, credit");
  });

  test("finds the lines of an invoice by its month, whenever they were used", () => {
    const { query, params } = spendQuery(["p.d.t"], {
      of: { invoices: { first: "2026-09", last: "2026-10" } },
      groupBy: [],
    });
    expect(query).toContain("invoice.month BETWEEN @first AND @last");
    expect(query).not.toContain("usage_start_time >=");
    expect(params).toEqual({ first: "202609", last: "202610", since: "2026-08-27" });
  });

  test("reads several billing accounts side by side", () => {
    const { query } = spendQuery(["p.d.one", "p.d.two"], asked);
    expect(query.match(/UNION ALL/g)).toHaveLength(1);
    expect(query.match(/_PARTITIONTIME >= TIMESTAMP\(@since\)/g)).toHaveLength(2);
    expect(extentQuery(["p.d.one", "p.d.two"], "2026-01-01").query.match(/_PARTITIONTIME/g)).toHaveLength(2);
  });

  test("says how far it reaches, and is asked again only after a while", async () => {
    const [first, newest] = [Date.UTC(2026, 9, 1, 7), Date.UTC(2026, 10, 24, 3)];
    const rows = [
      ["EUR", 0.9, String(first + 5), String(newest)],
      ["USD", 1, String(first), String(newest - 5)],
    ];
    google.handler = bigquery({ answer: { fields: EXTENT, rows } });
    expect(await sources.extent()).toEqual({
      firstUsage: new Date(first),
      newestExport: new Date(newest),
      unitsPerDollar: new Map([
        ["EUR", 0.9],
        ["USD", 1],
      ]),
    });
    await sources.extent();
    expect(jobs()).toHaveLength(2);
    expect(paramsOf(jobs()[0])).toEqual({ since: "2025-08-31" });
  });

  test("claims no first day when it reaches back further than was looked", async () => {
    const rows = [["USD", 1, String(Date.UTC(2025, 8, 1)), String(Date.UTC(2026, 10, 24))]];
    google.handler = bigquery({ answer: { fields: EXTENT, rows } });
    expect(await sources.extent()).toMatchObject({ firstUsage: null });
    google.handler = bigquery({ answer: { fields: EXTENT, rows: [] } });
    const empty = gcpSources({ dataset: "billing_export", clients: google.clients() }, telemetry)(PROJECT);
    expect(await empty.extent()).toMatchObject({ firstUsage: null, newestExport: null });
  });

  test("is not run when the dry run says that it reads too much", async () => {
    google.handler = bigquery({ bytes: MAX_BYTES_BILLED + 1 });
    await expect(sources.spend(asked)).rejects.toThrow("Ask for a shorter or more recent period");
    expect(jobs().filter(({ dryRun }) => !dryRun)).toEqual([]);
  });

  test("is looked for once", async () => {
    google.handler = bigquery();
    await sources.spend(asked);
    await sources.spend(asked);
    expect(google.calls.filter(({ path }) => path.endsWith("/tables"))).toHaveLength(1);
  });

  test.each([
    ["no export", bigquery({ tables: ["other"] }), "turn on the standard usage cost export"],
    ["the pricing export only", bigquery({ tables: ["cloud_pricing_export"] }), "the pricing export alone"],
    ["no access", () => error(403, "accessDenied"), "Grant our service account roles/bigquery.dataViewer"],
    ["no dataset", () => error(404, "notFound"), "There is no dataset billing_export in shop-prod"],
  ])("says what to do about %s", async (_, handler, remedy) => {
    google.handler = handler;
    await expect(sources.spend(asked)).rejects.toThrow(remedy);
    // Once fixed, the next question finds it.
    google.handler = bigquery();
    await expect(sources.spend(asked)).resolves.toEqual([]);
  });

  test(`B10: ${B10.expected}`, async () => {
    google.handler = bigquery({ tables: B10.tables });
    await sources.spend(asked);
    expect(jobs()[0].query.query).toContain(`FROM \`${PROJECT}.billing_export.${B10.tables[0]}\``);
  });

  test("counts no account twice that has both exports", () => {
    const detailed = (table: string) => table.replace("_v1", "_resource_v1");
    const other = TABLE.replace("0123AB", "FFFFFF");
    expect(chooseExports([detailed(TABLE), TABLE, detailed(other), "x", `${TABLE}_copy`])).toEqual([
      detailed(other),
      TABLE,
    ]);
  });
});

describe("Cloud Asset Inventory", () => {
  const found = {
    name: "//compute.googleapis.com/projects/shop-prod/zones/us-central1-a/disks/old",
    assetType: "compute.googleapis.com/Disk",
    displayName: "old",
    location: "us-central1-a",
    state: "READY",
    createTime: "2026-05-18T10:00:00Z",
    labels: { team: "data" },
  };

  test("is searched in the customer's project only; words stay words", async () => {
    google.handler = ({ path }) =>
      path === `/v1/projects/${PROJECT}:searchAllResources`
        ? { body: { results: [found, found] } }
        : undefined;
    const { assets, more } = await sources.assets({
      types: ["compute.googleapis.com/Disk"],
      location: "us-central1-a",
      text: 'old" OR project:*',
      limit: 1,
    });
    expect(more).toBe(true);
    expect(assets).toEqual([
      {
        name: found.name,
        type: found.assetType,
        displayName: "old",
        location: "us-central1-a",
        state: "READY",
        created: "2026-05-18",
        labels: { team: "data" },
      },
    ]);
    const { search } = google.calls[0]!;
    expect(search.getAll("assetTypes")).toEqual(["compute.googleapis.com/Disk"]);
    expect(search.get("query")).toBe('location=us-central1-a AND "old" AND "OR" AND "project"');
  });

  test("says what to grant when access is missing", async () => {
    google.handler = () => error(403, "PERMISSION_DENIED");
    const search = sources.assets({ types: [], limit: 1 });
    await expect(search).rejects.toThrow("roles/cloudasset.viewer");
  });
});

describe("Recommender", () => {
  interface Projection {
    cost?: unknown;
    costInLocalCurrency?: unknown;
    duration?: string;
  }
  const recommendation = (name: string, costProjection: Projection, more: object = {}) => ({
    name,
    description: "Stop it.",
    priority: "P2",
    primaryImpact: { category: "COST", costProjection: { duration: "2592000s", ...costProjection } },
    content: {
      operationGroups: [{ operations: [{ resource: `//compute.googleapis.com/projects/p/${name}` }] }],
    },
    ...more,
  });
  const usd = (units: string, nanos = 0) => ({ currencyCode: "USD", units, nanos });

  /** Machines in these places, and a recommender's answers by "location recommender"; an error is answered as one. */
  function answers(
    locations: string[],
    found: Record<string, unknown[] | { status: number; body: unknown }>,
  ): Handler {
    return ({ path }) => {
      if (path.endsWith(":searchAllResources")) {
        const results = locations.map((location) => ({
          assetType: "compute.googleapis.com/Instance",
          location,
        }));
        return { body: { results } };
      }
      const [, location, id] = /locations\/([^/]+)\/recommenders\/([^/]+)\/recommendations$/.exec(path)!;
      const answer = found[`${location} ${id}`] ?? [];
      return Array.isArray(answer) ? { body: { recommendations: answer } } : answer;
    };
  }
  const IDLE = "google.compute.instance.IdleResourceRecommender";
  const RESIZE = "google.compute.instance.MachineTypeRecommender";
  const list = (input: unknown = {}) => runPlainTool("list-recommendations", input, NOW, sources);
  const asked = () =>
    google.calls
      .filter(({ path }) => path.endsWith("/recommendations"))
      .map(({ path }) => path.split("/locations/")[1]!.split("/")[0]!);

  test("is asked where there is something, for a saving a month", async () => {
    google.handler = answers(["us-central1-a"], {
      [`us-central1-a ${IDLE}`]: [
        recommendation("r1", { cost: usd("-195", -500_000_000), duration: `${15 * 86_400}s` }),
      ],
      // A machine that is too small: following the recommendation costs more.
      [`us-central1-a ${RESIZE}`]: [recommendation("r2", { cost: usd("40") })],
    });
    const { found, missing } = await sources.recommendations(RECOMMENDATION_KINDS);
    expect(missing).toEqual([]);
    expect(found).toEqual([
      {
        id: "r1",
        kind: "idle_vm",
        location: "us-central1-a",
        resource: "//compute.googleapis.com/projects/p/r1",
        description: "Stop it.",
        currency: "USD",
        monthlySaving: 391_000_000_000n,
        priority: "P2",
        xorGroup: null,
      },
    ]);
    const calls = google.calls.filter(({ path }) => path.endsWith("/recommendations"));
    expect(calls.every(({ path }) => path.startsWith(`/v1/projects/${PROJECT}/`))).toBe(true);
    expect(calls.every(({ search }) => search.get("filter") === "stateInfo.state = ACTIVE")).toBe(true);
    expect(await telemetry.metrics.registry.metrics()).toContain(
      `tollgate_agent_gcp_api_seconds_count{api="recommender",outcome="ok"} ${calls.length}`,
    );
  });

  test(`B13: ${B13.source[2]}`, async () => {
    google.handler = answers([B13.zone], { [`${B13.zone} ${B13.recommender}`]: B13.recommendations });
    const { total_monthly_saving, found, recommendations } = await list();
    expect({ total_monthly_saving, found }).toEqual({ ...B13.expected, found: 2 });
    expect(recommendations.map((each: { alternative_to: string | null }) => each.alternative_to)).toEqual([
      null,
      B13.recommendations[0]!.name,
    ]);
  });

  test("a machine that is stopped is not resized as well, nor added up twice", async () => {
    const content = recommendation("vm-1", {}).content;
    google.handler = answers(["us-central1-a"], {
      [`us-central1-a ${IDLE}`]: [recommendation("stop", { cost: usd("-100") }, { content })],
      [`us-central1-a ${RESIZE}`]: [
        recommendation("resize", { cost: usd("-60") }, { content }),
        recommendation("other", { cost: usd("-5") }),
      ],
    });
    expect(await list()).toMatchObject({
      total_monthly_saving: "105.00",
      found: 3,
      recommendations: [{ id: "stop" }, { id: "resize", alternative_to: "stop" }, { id: "other" }],
    });
  });

  test("is about the disk, not about the snapshot made before it is deleted", async () => {
    const operations = [
      { action: "add", resource: "//compute.googleapis.com/projects/p/global/snapshots/$snapshot-name" },
      { action: "remove", resource: "//compute.googleapis.com/projects/p/zones/z/disks/old" },
    ];
    const disk = recommendation("d", { cost: usd("-9") }, { content: { operationGroups: [{ operations }] } });
    google.handler = answers(["us-central1-a"], {
      "us-central1-a google.compute.disk.IdleResourceRecommender": [disk],
    });
    expect((await list()).recommendations[0].resource).toBe(operations[1]!.resource);
  });

  test.each(B14.cases)("B14: $what", async ({ costProjection, costs, expected }) => {
    const projections = costProjection ? [costProjection] : costs!.map((cost) => ({ cost }));
    google.handler = answers(["us-central1-a"], {
      [`us-central1-a ${IDLE}`]: projections.map((each, i) => recommendation(`r${i}`, each)),
    });
    const answer = await list();
    if (typeof expected === "string") {
      expect(answer).toMatchObject({
        currency: null,
        total_monthly_saving: null,
        totals: [
          { currency: "JPY", monthly_saving: "4000.00" },
          { currency: "USD", monthly_saving: "50.00" },
        ],
        notes: [expect.stringContaining("not added up")],
      });
    } else {
      const { currency, total = "50.00" } = expected as { currency: string; total?: string };
      expect(answer).toMatchObject({ currency, total_monthly_saving: total });
    }
  });

  test(`B15: ${B15.input}`, async () => {
    const idle = recommendation("idle", { cost: usd("-900") });
    const rest = answers([], { [`europe-west1-b ${IDLE}`]: [idle] });
    google.handler = (call) => {
      if (!call.path.endsWith(":searchAllResources")) return rest(call);
      const at = (location: string) => ({ assetType: "compute.googleapis.com/Instance", location });
      return call.search.get("pageToken") === "second"
        ? { body: { results: [at("europe-west1-b")] } }
        : {
            body: {
              results: Array.from({ length: 500 }, () => at("us-central1-a")),
              nextPageToken: "second",
            },
          };
    };
    expect(await list()).toMatchObject({ found: 1, total_monthly_saving: "900.00", missing: [] });
  });

  test("one failing call of many makes the answer partial, and says what is missing", async () => {
    google.handler = answers(["us-central1-a", "europe-west1-b"], {
      [`us-central1-a ${IDLE}`]: [recommendation("r1", { cost: usd("-10") })],
      [`europe-west1-b ${IDLE}`]: error(500, "INTERNAL"),
    });
    const answer = await list({ kinds: ["idle_vm"] });
    expect(answer).toMatchObject({ total_monthly_saving: "10.00", missing: ["idle_vm in europe-west1-b"] });
    expect(answer.notes).toEqual([expect.stringContaining("only a part")]);
  });

  test("says what to grant when nothing may be read", async () => {
    const inventory = answers(["us-central1-a"], {});
    google.handler = (call) =>
      call.path.endsWith(":searchAllResources") ? inventory(call) : error(403, "PERMISSION_DENIED");
    await expect(list()).rejects.toThrow("roles/recommender.viewer");
  });

  test("asks in AI zones, their regions and multi-regions, and takes it when a place has no such recommender", async () => {
    const inventory = answers(["us-central1-ai1a", "us", "global"], {});
    google.handler = (call) =>
      call.path.includes("/locations/us/") ? error(400, "INVALID_ARGUMENT") : inventory(call);
    const answer = await list();
    expect(new Set(asked())).toEqual(new Set(["us-central1-ai1a", "us-central1", "us", "global"]));
    expect(answer).toMatchObject({ found: 0, missing: [] });
  });

  test("knows zones, regions and the regions of zones", () => {
    expect(placesOf(["us-central1-a", "europe-west1", "us", "eur4", "global", "", "asia1-x"])).toEqual({
      zone: ["us-central1-a"],
      region: ["eur4", "europe-west1", "us", "us-central1"],
      global: ["global"],
    });
  });
});

test("a customer without a project, or with an impossible one, reads so and Google is not asked", async () => {
  const of = gcpSources({ dataset: "billing_export", clients: google.clients() }, telemetry);
  await expect(of(null).assets({ types: [], limit: 1 })).rejects.toThrow(
    "No Google Cloud project is connected",
  );
  await expect(of("a`b").recommendations([])).rejects.toThrow("invalid id");
  expect(google.calls).toEqual([]);
});
