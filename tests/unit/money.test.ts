import fc from "fast-check";
import { formatUsd, perMillion, usd } from "../../litellm-config";

describe("usd", () => {
  it.each([
    ["0", 0],
    ["0.50", 500_000_000],
    ["35", 35_000_000_000],
    ["0.000000001", 1],
  ])("reads %s exactly", (text, nanos) => expect(usd(text)).toBe(nanos));

  it.each(["", "-1", "1e3", "1.0000000001", "$5", "1,5"])("refuses %j and says what to write", (text) =>
    expect(() => usd(text)).toThrow(/is not a dollar amount: write digits/),
  );

  it("refuses an amount that a number cannot hold exactly", () =>
    expect(() => usd("9007200")).toThrow(/too large to be held exactly/));
});

describe("perMillion", () => {
  it("is whole nano-dollars a token", () => {
    expect(perMillion("3")).toBe(3_000);
    expect(perMillion("0.075")).toBe(75);
  });

  it("refuses a price below a nano-dollar's precision", () =>
    expect(() => perMillion("0.0005")).toThrow(/not a whole number of nano-dollars/));
});

describe("formatUsd", () => {
  it.each([
    [0, "$0.00"],
    [1_230_000, "$0.00123"],
    [8_000_000_000, "$8.00"],
    [-500_000_000, "-$0.50"],
    [1, "$0.000000001"],
  ])("shows %d nano-dollars as %s", (nanos, text) => expect(formatUsd(nanos)).toBe(text));

  it("loses nothing: what it shows reads back as the same amount", () =>
    fc.assert(fc.property(fc.nat(), (nanos) => usd(formatUsd(nanos).slice(1)) === nanos)));
});
