import { gcpSources } from "../../app/sources/gcp";
import { MAX_BYTES_BILLED } from "../../app/sources/gcp/billing";
import { placesOf } from "../../app/sources/gcp/recommendations";
import { RECOMMENDATION_KINDS, type Sources } from "../../app/sources/source";
import { createLog, createMetrics, type Telemetry } from "../../app/telemetry";
import { error, GoogleStandIn, type Handler } from "../support/google/stand-in";

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
  sources = gcpSources({ dataset: "billing_export", clients: google.clients() }, telemetry)(PROJECT);
});

/** BigQuery v2: tables.list, jobs.insert, jobs.getQueryResults. */
function bigquery({ tables = [TABLE], bytes = 1_000, rows = [] as unknown[][] } = {}): Handler {
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
      const fields = ["day", "service", "currency", "cost_nanos"].map((name) => ({
        name,
        type: name === "cost_nanos" ? "INTEGER" : "STRING",
      }));
      const listed = rows.map((row) => ({ f: row.map((v) => ({ v })) }));
      return {
        body: { jobComplete: true, schema: { fields }, rows: listed, totalRows: String(rows.length) },
      };
    }
    return undefined;
  };
}

describe("the billing export in BigQuery", () => {
  const asked = {
    period: { from: "2026-11-16", to: "2026-11-22" },
    groupBy: ["day", "service"] as ["day", "service"],
    service: "BigQuery' OR TRUE --",
  };

  test("is read with bound parameters, dry-run first, bytes billed capped, in the customer's dataset only", async () => {
    google.handler = bigquery({ rows: [["2026-11-17", "BigQuery", "EUR", "180100000000"]] });
    const spend = await sources.spend(asked);
    expect(spend).toEqual({
      currency: "EUR",
      rows: [{ day: "2026-11-17", service: "BigQuery", costNanos: 180_100_000_000 }],
    });

    const jobs = google.calls
      .filter(({ path }) => path.endsWith("/jobs"))
      .map(({ body }) => body.configuration);
    expect(jobs.map(({ dryRun }) => dryRun ?? false)).toEqual([true, false]);
    const [planned, run] = jobs;
    expect(run.query.query).toBe(planned.query.query);
    expect(run.query.query).toContain(`FROM \`${PROJECT}.billing_export.${TABLE}\``);
    expect(run.query.query).not.toContain("OR TRUE");
    expect(run.query.useLegacySql).toBe(false);
    expect(run.query.maximumBytesBilled).toBe(String(MAX_BYTES_BILLED));
    const values = Object.fromEntries(
      run.query.queryParameters.map((p: { name: string; parameterValue: { value: string } }) => [
        p.name,
        p.parameterValue.value,
      ]),
    );
    expect(values).toEqual({ from: "2026-11-16", until: "2026-11-23", service: asked.service });
  });

  test("is not run when the dry run says that it reads too much", async () => {
    google.handler = bigquery({ bytes: MAX_BYTES_BILLED + 1 });
    await expect(sources.spend(asked)).rejects.toThrow("ask for a shorter period");
    expect(google.calls.filter(({ body }) => body?.configuration && !body.configuration.dryRun)).toEqual([]);
  });

  test("is looked for once", async () => {
    google.handler = bigquery();
    await sources.spend(asked);
    await sources.spend(asked);
    expect(google.calls.filter(({ path }) => path.endsWith("/tables"))).toHaveLength(1);
  });

  test.each([
    ["no export", bigquery({ tables: ["other"] }), "holds 0 billing exports"],
    [
      "two exports",
      bigquery({ tables: [TABLE, TABLE.replace("0123AB", "FFFFFF")] }),
      "holds 2 billing exports",
    ],
    ["no access", () => error(403, "accessDenied"), "grant our service account roles/bigquery.dataViewer"],
    ["no dataset", () => error(404, "notFound"), "There is no dataset billing_export in shop-prod"],
  ])("says what to do about %s", async (_, handler, remedy) => {
    google.handler = handler;
    await expect(sources.spend(asked)).rejects.toThrow(remedy);
    // Once mended, the next question finds it.
    google.handler = bigquery();
    await expect(sources.spend(asked)).resolves.toMatchObject({ rows: [] });
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
  const recommendation = (kind: string, units: string, days = 30) => ({
    name: `projects/1/locations/x/recommenders/${kind}/recommendations/r1`,
    description: "Stop it.",
    priority: "P2",
    primaryImpact: {
      category: "COST",
      costProjection: {
        cost: { currencyCode: "USD", units, nanos: -500_000_000 },
        duration: `${days * 86_400}s`,
      },
    },
    content: { operationGroups: [{ operations: [{ resource: "//compute.googleapis.com/projects/p/x" }] }] },
  });

  test("is asked where there is something, for a saving a month", async () => {
    google.handler = ({ path }) => {
      if (path.endsWith(":searchAllResources")) {
        return {
          body: { results: [{ assetType: "compute.googleapis.com/Instance", location: "us-central1-a" }] },
        };
      }
      const [, location, id] = /locations\/([^/]+)\/recommenders\/([^/]+)\/recommendations$/.exec(path)!;
      if (id === "google.compute.instance.IdleResourceRecommender") {
        return { body: { recommendations: [recommendation(id, "-195", 15)] } };
      }
      if (id === "google.compute.instance.MachineTypeRecommender") {
        // A machine that is too small: following the recommendation costs more.
        return { body: { recommendations: [recommendation(id, "40")] } };
      }
      return { body: location === "global" ? { recommendations: [] } : {} };
    };
    const found = await sources.recommendations(RECOMMENDATION_KINDS);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      kind: "idle_vm",
      location: "us-central1-a",
      resource: "//compute.googleapis.com/projects/p/x",
      currency: "USD",
      monthlySavingNanos: 391_000_000_000,
      priority: "P2",
    });
    const asked = google.calls.filter(({ path }) => path.endsWith("/recommendations"));
    expect(asked.every(({ path }) => path.startsWith(`/v1/projects/${PROJECT}/`))).toBe(true);
    expect(asked.every(({ search }) => search.get("filter") === "stateInfo.state = ACTIVE")).toBe(true);
    expect(await telemetry.metrics.registry.metrics()).toContain(
      `tollgate_agent_gcp_api_seconds_count{api="recommender",outcome="ok"} ${asked.length}`,
    );
  });

  test("knows zones, regions and the regions of zones", () => {
    expect(placesOf(["us-central1-a", "europe-west1", "us", "global", ""])).toEqual({
      zone: ["us-central1-a"],
      region: ["europe-west1", "us-central1"],
      global: ["global"],
    });
  });
});

test("a customer without a project, or with an impossible one, is told so and Google is not asked", async () => {
  const of = gcpSources({ dataset: "billing_export", clients: google.clients() }, telemetry);
  await expect(of(null).assets({ types: [], limit: 1 })).rejects.toThrow(
    "No Google Cloud project is connected",
  );
  await expect(of("a`b").recommendations([])).rejects.toThrow("invalid id");
  expect(google.calls).toEqual([]);
});
