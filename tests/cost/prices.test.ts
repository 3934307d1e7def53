import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PriceList, readPriceList } from "../../infra/cost/price-list";
import { dollars, percent } from "../../infra/cost/money";
import { range } from "../../infra/cost/range";

const list = readPriceList();

describe("the committed price list", () => {
  it.each(list.prices.map((price) => [price.id, price] as const))(
    "names for %s a SKU, a unit, a source and a date that has passed",
    (_, { sku, unit, source, date, nanos }) => {
      expect(sku).not.toBe("");
      expect(unit).toMatch(/^[a-zA-Z -]+$/);
      expect(source).toMatch(/^https:\/\//);
      expect(new Date(date).getTime()).toBeLessThanOrEqual(Date.now());
      expect(Number.isSafeInteger(nanos) && nanos > 0).toBe(true);
    },
  );

  it("says of each price that is not Google's own word why", () => {
    for (const { unverified, source } of list.prices) {
      if (unverified !== undefined) expect(unverified).toMatch(/could be read here|could not be read here/);
      else expect(source).toMatch(/^https:\/\/([a-z.]+\.)?(google\.com|github\.com)\//);
    }
  });

  it("has no price that it does not know", () =>
    expect(() => list.get("run.gpu")).toThrow(
      'The price "run.gpu" is not in infra/cost/prices.json: add it with its SKU, source and date',
    ));

  it("multiplies in whole nano-dollars, rounded half up", () => {
    const [price] = list.prices;
    const odd = new PriceList([{ ...price!, id: "odd", nanos: 3 }]);
    expect([1, 0.5, 0.4].map((units) => odd.cost("odd", units))).toEqual([3, 2, 1]);
  });
});

describe("another price list", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-prices-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [price] = list.prices;
  const written = (content: unknown) => {
    const file = join(folder, "prices.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };

  it("is refused when it is missing", () =>
    expect(() => readPriceList("/no/such.json")).toThrow(
      "The price list /no/such.json cannot be read: `git checkout infra/cost/prices.json`",
    ));

  it("is refused when it is not JSON", () =>
    expect(() => readPriceList(written("[{"))).toThrow(/prices\.json must be JSON \(.+\): correct it/));

  it.each([
    ["a price below zero", [{ ...price, nanos: -1 }], "0.nanos -1: Too small"],
    ["a fraction of a nano-dollar", [{ ...price, nanos: 0.5 }], "0.nanos 0.5: Invalid input"],
    ["no date", [{ ...price, date: undefined }], "0.date is missing"],
    ["a source that is not an address", [{ ...price, source: "memory" }], '0.source "memory": Invalid URL'],
    ["a price twice", [price, price], "names a price twice"],
  ])("is refused with %s", (_, content, message) =>
    expect(() => readPriceList(written(content))).toThrow(message),
  );
});

it.each([
  [0, "$0.00"],
  [4_999_999, "$0.00"],
  [5_000_000, "$0.01"],
  [-5_000_000, "-$0.01"],
  [-1, "$0.00"],
  [1_234_567_890_000, "$1,234.57"],
  [1_234_567_000_000_000, "$1,234,567.00"],
])("shows %d nano-dollars as %s", (nanos, text) => expect(dollars(nanos)).toBe(text));

it("shows shares, and none of nothing", () =>
  expect([percent(1, 3), percent(1, 0)]).toEqual(["33.3 %", "-"]));

it("refuses assumptions that do not ascend", () =>
  expect(() => range(1, 3, 2)).toThrow("range(1, 3, 2) is not in ascending order: use low, expected, high"));
