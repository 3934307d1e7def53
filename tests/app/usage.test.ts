import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { findChromium, launchChromium } from "../../local/dashboards/shots/camera";
import { usd } from "../../litellm-config";
import { workFolder } from "../../ops/workspace/paths";
import { usageOf } from "../support/memory-ledger";
import { KEY, NOW, startHarness, type Harness } from "./harness";

let harness: Harness;
let url: string;

beforeAll(async () => {
  harness = await startHarness();
  url = new URL("/usage", harness.url).href;
  harness.ledger.add("odd_key", { customerId: "<b>odd</b>" });
  harness.ledger.add("disabled_key", { customerId: "gone", disabled: true });
});
afterAll(() => harness.stop());

beforeEach(() => {
  harness.ledger.down = false;
  harness.ledger.usages.set(
    "cust_one",
    usageOf({ spentNanos: usd("13.5"), heldNanos: usd("0.25"), calls: 412 }),
  );
  harness.ledger.spend.set("cust_one", {
    firstDay: "2026-10-01",
    days: Array.from({ length: 28 }, (_, index) => ({
      day: new Date(NOW.getTime() - (index + 1) * 86_400_000).toISOString().slice(0, 10),
      nanos: usd(["0.3", "0.9", "1.3", "0.004", "1.1", "0.6", "0.9"][index % 7]!),
    })),
    queryTypes: [
      { queryType: "recommendation", nanos: usd("9"), calls: 130 },
      { queryType: "cost_analysis", nanos: usd("4.25"), calls: 202 },
      { queryType: "simple_lookup", nanos: usd("0.25"), calls: 80 },
    ],
  });
});

const bearer = { Authorization: `Bearer ${KEY}` };
const form = (key: string) => ({ method: "POST", body: new URLSearchParams({ key }) });

describe("/usage as JSON", () => {
  const json = { Accept: "application/json" };

  test("is the customer's own, exact", async () => {
    const response = await fetch(url, { headers: { ...json, ...bearer } });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const usage = (await response.json()) as Record<string, unknown> & {
      by_day: { day: string; spent_nanos: number }[];
    };
    expect(usage).toMatchObject({
      customer_id: "cust_one",
      month: { from: "2026-11-01", until: "2026-12-01", time_zone: "UTC" },
      budget: {
        cap: "$18.00",
        spent_nanos: usd("13.5"),
        left_nanos: usd("4.25"),
        used_percent: 75,
        calls: 412,
      },
      forecast: { runs_out_on: expect.stringMatching(/^2026-11-\d\d$/), based_on_days: 28 },
      by_question: [{ query_type: "recommendation", spent_nanos: usd("9"), calls: 130 }, {}, {}],
      limits: [{ percent: 95 }, { percent: 100, what: expect.stringContaining("2026-12-01") }],
    });
    expect(usage.by_day.map(({ day }) => day)).toEqual(
      Array.from({ length: 24 }, (_, index) => `2026-11-${String(index + 1).padStart(2, "0")}`),
    );
    expect(usage.by_day.at(-1)).toMatchObject({ spent_nanos: 0 });
  });

  test.each([
    [{}, 401],
    [{ Authorization: "Bearer wrong" }, 401],
    [{ Authorization: "Bearer disabled_key" }, 401],
  ])("with %j is refused with %d and a message", async (headers, status) => {
    const response = await fetch(url, { headers: { ...json, ...headers } });
    expect(response.status).toBe(status);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await response.json()).toEqual({ error: { message: expect.stringMatching(/key|account/) } });
  });

  test("says so while the ledger is away", async () => {
    await fetch(url, { headers: { ...json, ...bearer } });
    harness.ledger.down = true;
    const response = await fetch(url, { headers: { ...json, ...bearer } });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
  });
});

describe("/usage as a page", () => {
  test("asks for the key, and takes it from its form", async () => {
    const asked = await fetch(url);
    expect(asked.status).toBe(200);
    expect(await asked.text()).toContain('<input id="key" name="key" type="password" required');
    const shown = await fetch(url, form(KEY));
    expect(shown.status).toBe(200);
    expect(await shown.text()).toContain("$4.25</span> left of $18.00");
  });

  test.each([
    ["wrong", 401, "This key is not known."],
    ["", 401, "This key is not known."],
    ["disabled_key", 401, "not active"],
    ["x".repeat(9_000), 413, "too large"],
  ])("says why it does not take a key", async (key, status, message) => {
    const response = await fetch(url, form(key));
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(message);
  });

  test("runs nothing, loads nothing, is in no frame and no cache", async () => {
    const { headers } = await fetch(url);
    const policy = headers.get("content-security-policy")!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("shows a customer's id as text", async () => {
    const text = await (await fetch(url, form("odd_key"))).text();
    expect(text).not.toContain("<b>");
    expect(text).toContain("&#60;b&#62;odd");
  });

  test.each(["PUT", "DELETE"])("refuses %s", async (method) => {
    const response = await fetch(url, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD, POST");
  });
});

const installed = findChromium() !== undefined;
if (!installed)
  console.warn("Chromium is not installed (`apt-get install chromium`): the page is not tested in a browser");

(installed ? describe : describe.skip)("/usage in Chromium", () => {
  const folder = join(workFolder, "test-results", "usage-page");
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  async function open(colorScheme: "light" | "dark", width: number, use: (page: Page) => Promise<void>) {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      javaScriptEnabled: false,
    });
    try {
      const page = await context.newPage();
      const broken: string[] = [];
      page.on("console", (message) => message.type() === "error" && broken.push(message.text()));
      await page.goto(url);
      await use(page);
      // A style or a picture that the policy refuses is written there.
      expect(broken.filter((text) => !text.includes("401"))).toEqual([]);
    } finally {
      await context.close();
    }
  }

  /** What is wrong with the page for people who cannot see it well, or on a narrow screen. axe needs timers, so it gets a copy. */
  async function faults(page: Page, colorScheme: "light" | "dark", width: number) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    try {
      const copy = await context.newPage();
      await copy.setContent(await page.content());
      await copy.addScriptTag({ content: axe.source });
      const { violations } = await copy.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run(),
      );
      const cutOff = await copy.evaluate<boolean>(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth",
      );
      return [
        ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
        ...(cutOff ? ["wider than the screen"] : []),
      ];
    } finally {
      await context.close();
    }
  }

  test.each([
    ["light", 360],
    ["light", 1280],
    ["dark", 360],
    ["dark", 1280],
  ] as const)(
    "without scripts, %s, %d pixels wide: from the key to the figures, accessible, nothing cut off",
    async (scheme, width) => {
      await open(scheme, width, async (page) => {
        expect(await faults(page, scheme, width)).toEqual([]);
        await page.screenshot({ path: join(folder, `key-${scheme}-${width}.png`), fullPage: true });

        await page.getByLabel("Your key").fill("wrong");
        await page.keyboard.press("Enter");
        await page.getByRole("alert").waitFor();
        expect(await page.getByRole("alert").textContent()).toContain("not known");
        expect(await faults(page, scheme, width)).toEqual([]);

        await page.getByLabel("Your key").fill(KEY);
        await page.getByRole("button", { name: "Show my usage" }).click();
        await page.getByRole("heading", { name: "Budget" }).waitFor();
        expect(page.url()).toBe(url);
        expect(await page.getByRole("img", { name: "75 % of the budget used" }).isVisible()).toBe(true);
        expect(await page.getByRole("row").count()).toBe(1 + 24 + 1 + 3);
        expect(await faults(page, scheme, width)).toEqual([]);
        await page.screenshot({ path: join(folder, `usage-${scheme}-${width}.png`), fullPage: true });
      });
    },
  );

  test.each([
    ["nothing spent", usageOf({}), "fine"],
    ["close to the limit", usageOf({ spentNanos: usd("17.2"), calls: 900 }), "warn"],
    ["used up", usageOf({ spentNanos: usd("18"), calls: 999 }), "stop"],
  ])("shows a budget that is %s", async (name, usage, state) => {
    harness.ledger.usages.set("cust_one", usage);
    await open("light", 700, async (page) => {
      await page.getByLabel("Your key").fill(KEY);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Budget" }).waitFor();
      expect(await page.locator(`.gauge.${state}`).count()).toBe(1);
      expect(await faults(page, "light", 700)).toEqual([]);
      await page.screenshot({ path: join(folder, `${name.replaceAll(" ", "-")}.png`), fullPage: true });
    });
  });
});
