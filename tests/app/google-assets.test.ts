import { gcpSources } from "../../app/sources/gcp";
import { placesOf } from "../../app/sources/gcp/recommendations";
import { RECOMMENDATION_KINDS } from "../../app/sources/source";
import { runPlainTool } from "../support/billing/run-plain-tool";
import { error, type Handler } from "../support/google/stand-in";
import B13 from "./cases/B13-mutually-exclusive-savings.json";
import B14 from "./cases/B14-currency-of-savings.json";
import B15 from "./cases/B15-more-than-500-assets.json";
import { PROJECT, useGoogle } from "./google-sources";
import { NOW } from "./harness";

const used = useGoogle();
const { google } = used;

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
    const { assets, more } = await used.sources.assets({
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
    const search = used.sources.assets({ types: [], limit: 1 });
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
  const list = (input: unknown = {}) => runPlainTool("list-recommendations", input, NOW, used.sources);
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
    const { found, missing } = await used.sources.recommendations(RECOMMENDATION_KINDS);
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
    expect(await used.telemetry.metrics.registry.metrics()).toContain(
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
  const of = gcpSources({ dataset: "billing_export", clients: google.clients() }, used.telemetry);
  await expect(of(null).assets({ types: [], limit: 1 })).rejects.toThrow(
    "No Google Cloud project is connected",
  );
  await expect(of("a`b").recommendations([])).rejects.toThrow("invalid id");
  expect(google.calls).toEqual([]);
});
