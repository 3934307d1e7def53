import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CatalogClient } from "../../ops/cost/catalog/client";
import { refreshPrices } from "../../ops/cost/catalog/refresh";
import { GOOGLE_TIMING } from "../../ops/remote/google-api";
import { readPriceList, type Price } from "../../infra/cost/price-list";

/** The catalogue's pages in the shape that Google publishes (v1, services.list and services.skus.list). */
interface SkuOptions {
  skuId?: string;
  regions?: string[];
  usageType?: string;
  usageUnit?: string;
  rates?: { startUsageAmount?: number; units?: string; nanos?: number }[];
  level?: string;
}

function sku(description: string, options: SkuOptions = {}) {
  const { skuId = "AAAA-BBBB-0001", regions = ["europe-west1"], usageType = "OnDemand" } = options;
  const { usageUnit = "s", rates = [{ units: "0", nanos: 20_000 }], level = "ACCOUNT" } = options;
  return {
    name: `services/152E-C115-5142/skus/${skuId}`,
    skuId,
    description,
    category: { serviceDisplayName: "Cloud Run", resourceFamily: "Compute", resourceGroup: "CPU", usageType },
    serviceRegions: regions,
    pricingInfo: [
      {
        summary: "",
        pricingExpression: {
          usageUnit,
          displayQuantity: 1,
          tieredRates: rates.map(({ startUsageAmount, ...unitPrice }) => ({
            startUsageAmount,
            unitPrice: { currencyCode: "USD", ...unitPrice },
          })),
        },
        aggregationInfo: { aggregationLevel: level, aggregationInterval: "MONTHLY", aggregationCount: 1 },
        effectiveTime: "2026-11-01T00:00:00Z",
      },
    ],
    serviceProviderName: "Google",
  };
}

const CPU = readPriceList().get("run.cpu.instance");
const DELIVERY = readPriceList().get("pubsub.delivery");
const TODAY = "2026-11-30";

describe("a refresh of the prices", () => {
  let server: Server;
  let skus: object[] = [];
  let requests: { path: string; authorization?: string }[] = [];
  let status = 200;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url!, "http://catalog");
      if (url.pathname.startsWith("/computeMetadata/")) {
        response.setHeader("metadata-flavor", "Google");
        const isToken = url.pathname.endsWith("/token");
        return void response.end(isToken ? '{"access_token": "stand-in", "expires_in": 3600}' : "{}");
      }
      requests.push({
        path: url.pathname + url.search,
        authorization: request.headers.authorization,
      });
      response.statusCode = status;
      if (status !== 200) return void response.end('{"error": {"message": "API is not enabled"}}');
      if (url.pathname === "/v1/services") {
        const services = [
          { name: "services/152E-C115-5142", serviceId: "152E-C115-5142", displayName: "Cloud Run" },
          { name: "services/A1E8-BE35-7EBC", serviceId: "A1E8-BE35-7EBC", displayName: "Cloud Pub/Sub" },
        ];
        return void response.end(JSON.stringify({ services, nextPageToken: "" }));
      }
      // One SKU a page: a client that reads the first page only misses the others.
      const at = Number(url.searchParams.get("pageToken") ?? "0");
      const nextPageToken = at + 1 < skus.length ? String(at + 1) : "";
      response.end(JSON.stringify({ skus: skus.slice(at, at + 1), nextPageToken }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env.GCE_METADATA_HOST = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.METADATA_SERVER_DETECTION = "assume-present";
    GOOGLE_TIMING.pauseMs = 1;
  });
  beforeEach(() => {
    requests = [];
    status = 200;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const client = () => new CatalogClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const refresh = async (price: Price, ...found: object[]) => {
    skus = found;
    return (await refreshPrices([price], client(), TODAY))[0]!;
  };

  it("takes price, SKU, source and day from the catalogue, on whichever page it is", async () => {
    const found = await refresh(CPU, sku("Another"), sku(CPU.sku, { skuId: "AAAA-BBBB-0002" }));
    expect(found).toMatchObject({
      outcome: "changed",
      price: {
        id: "run.cpu.instance",
        skuId: "AAAA-BBBB-0002",
        nanos: 20_000,
        region: "europe-west1",
        date: TODAY,
        source: "https://cloudbilling.googleapis.com/v1/services/152E-C115-5142/skus/AAAA-BBBB-0002",
      },
    });
    expect(requests.map(({ path }) => path)).toEqual([
      "/v1/services?pageSize=5000",
      "/v1/services/152E-C115-5142/skus?currencyCode=USD&pageSize=5000",
      "/v1/services/152E-C115-5142/skus?currencyCode=USD&pageSize=5000&pageToken=1",
    ]);
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer stand-in"]));
  });

  it("confirms a price that is still the same, and forgets what was unsure about it", async () => {
    const unsure = { ...CPU, unverified: "from memory", note: "a guess", region: "us-central1" };
    const { outcome, price } = await refresh(unsure, sku(CPU.sku, { rates: [{ nanos: CPU.nanos }] }));
    expect(outcome).toBe("confirmed");
    expect(price).not.toHaveProperty("unverified");
    expect(price).not.toHaveProperty("note");
    expect(price.region).toBe("europe-west1");
  });

  it("reads past the free tier, and counts units as the list does", async () => {
    // $40 a TiB after 10 GiB (0.009765625 TiB): 40,000,000,000 / 1,024 a GiB.
    const rates = [
      { startUsageAmount: 0, units: "0", nanos: 0 },
      { startUsageAmount: 0.009765625, units: "40", nanos: 0 },
    ];
    const found = await refresh(
      DELIVERY,
      sku(DELIVERY.sku, { skuId: DELIVERY.skuId, usageUnit: "TiBy", regions: ["global"], rates }),
    );
    expect(found.price).toMatchObject({
      nanos: 39_062_500,
      region: "global",
      free: { units: 10, per: "billing account" },
    });
  });

  it("knows a SKU by its id when its description has changed", async () => {
    const found = await refresh({ ...CPU, skuId: "AAAA-BBBB-0003" }, sku("CPU", { skuId: "AAAA-BBBB-0003" }));
    expect(found.price.sku).toBe("CPU");
  });

  it.each([
    ["no such SKU", [sku("Another")], `no SKU "${CPU.sku}" for europe-west1`],
    [
      "another region's",
      [sku(CPU.sku, { regions: ["us-central1"] })],
      `no SKU "${CPU.sku}" for europe-west1`,
    ],
    ["a commitment's", [sku(CPU.sku, { usageType: "Commit1Yr" })], `no SKU "${CPU.sku}" for europe-west1`],
    [
      "two of the name",
      [sku(CPU.sku), sku(CPU.sku, { skuId: "AAAA-BBBB-0004" })],
      `2 SKUs "${CPU.sku}": add the skuId of one`,
    ],
    ["another unit", [sku(CPU.sku, { usageUnit: "h" })], "the SKU is sold by h, not by s"],
    ["a free one", [sku(CPU.sku, { rates: [{ nanos: 0 }] })], "the SKU costs nothing"],
  ])("keeps a price and says why: %s", async (_, found, note) =>
    expect(await refresh(CPU, ...found)).toEqual({ price: CPU, outcome: "kept", note }),
  );

  it("keeps a price of a service that the catalogue does not have", async () =>
    expect(await refresh({ ...CPU, service: "Cloud Walk" })).toMatchObject({
      outcome: "kept",
      note: 'the catalogue has no service "Cloud Walk"',
    }));

  it("keeps a price that the catalogue lists in another form", async () => {
    expect(await refresh({ ...CPU, catalog: undefined })).toMatchObject({ outcome: "kept" });
  });

  it("says what to do when the catalogue refuses", async () => {
    status = 403;
    await expect(refresh(CPU)).rejects.toThrow(
      "Your account may not read Google's price list (API is not enabled): `gcloud services enable cloudbilling.googleapis.com`",
    );
  });

  it("says what to do when nothing answers", async () => {
    await expect(refreshPrices([CPU], new CatalogClient("http://127.0.0.1:1"), TODAY)).rejects.toThrow(
      /does not answer \(.+\): check the network/,
    );
  });
});
