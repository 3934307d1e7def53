import fc from "fast-check";
import { forecast, type DaySpend } from "../../app/ledger/forecast";
import { usd } from "../../litellm-config";

const NOW = new Date("2026-11-15T12:00:00Z"); // a Sunday
const MONTH_END = new Date("2026-12-01T00:00:00Z");

/** Spend of the days before `NOW`, by day of the week (0 is Sunday). */
function history(days: number, nanosOf: (weekday: number, index: number) => number): DaySpend[] {
  return Array.from({ length: days }, (_, index) => {
    const at = new Date(Date.parse("2026-11-15") - (days - index) * 86_400_000);
    return { day: at.toISOString().slice(0, 10), nanos: nanosOf(at.getUTCDay(), index) };
  });
}

const of = (days: DaySpend[], over: Partial<Parameters<typeof forecast>[0]> = {}) =>
  forecast({ days, now: NOW, monthEnd: MONTH_END, spentNanos: usd("1"), capNanos: usd("8"), ...over });

it("of equal days goes on as before, without a range: half of today and 15 days more", () => {
  expect(of(history(28, () => usd("0.1")))).toEqual({
    expectedNanos: usd("1") + usd("1.55"),
    lowNanos: usd("2.55"),
    highNanos: usd("2.55"),
    runsOutOn: null,
    basedOnDays: 28,
  });
});

it("follows the week: days without work cost nothing in the days to come either", () => {
  const weekdaysOnly = history(28, (weekday) => (weekday === 0 || weekday === 6 ? 0 : usd("0.2")));
  // 16 to 30 November: eleven working days.
  expect(of(weekdaysOnly)).toMatchObject({
    expectedNanos: usd("3.2"),
    lowNanos: usd("3.2"),
    highNanos: usd("3.2"),
  });
});

it("uses the plain average with less than two weeks of history, and says nothing with less than three days", () => {
  expect(of(history(3, (_, index) => [0, usd("0.1"), usd("0.2")][index]!))).toMatchObject({
    expectedNanos: usd("2.55"),
    basedOnDays: 3,
  });
  expect(of(history(2, () => usd("0.1")))).toBeNull();
  expect(of([])).toBeNull();
});

it("counts days without calls since the first day as days without spend", () => {
  const once = [{ day: "2026-11-05", nanos: usd("1") }];
  expect(of(once)).toMatchObject({ basedOnDays: 10, expectedNanos: usd("1") + usd("1.55") });
  expect(of(once, { firstDay: "2026-10-26" })).toMatchObject({ basedOnDays: 20 });
});

it("looks back four weeks and not further", () => {
  const long = history(60, (_, index) => (index < 32 ? usd("9") : usd("0.1")));
  expect(of(long)).toMatchObject({ basedOnDays: 28, expectedNanos: usd("2.55") });
});

it("names the day on which the budget is used up", () => {
  const days = history(28, () => usd("1"));
  // $5 spent, half a dollar today, $1 a day: $8 is reached on the 18th.
  expect(of(days, { spentNanos: usd("5") })!.runsOutOn).toBe("2026-11-18");
  expect(of(days, { spentNanos: usd("8") })!.runsOutOn).toBe("2026-11-15");
  expect(of(days, { capNanos: usd("100") })!.runsOutOn).toBeNull();
});

it("ends the month at a budget month's own end", () => {
  expect(
    of(
      history(28, () => usd("0.1")),
      { monthEnd: new Date("2026-11-16T00:00:00Z") },
    ),
  ).toMatchObject({ expectedNanos: usd("1.05") });
});

it("holds four in five of the months that go on as the past did", () => {
  // A generator with a fixed seed: the share is the same on every run.
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const day = () => Math.round((random() + random() + random()) * 1e8);
  let within = 0;
  const months = 2_000;
  for (let i = 0; i < months; i++) {
    const { lowNanos, highNanos } = of(history(28, day), {
      spentNanos: 0,
      now: new Date("2026-11-15T00:00:00Z"),
    })!;
    const actual = Array.from({ length: 16 }, day).reduce((sum, nanos) => sum + nanos, 0);
    if (lowNanos <= actual && actual <= highNanos) within++;
  }
  expect(within / months).toBeGreaterThan(0.75);
  expect(within / months).toBeLessThan(0.85);
});

it("is never below what is spent, and its range holds what it expects", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1e10 }), { minLength: 3, maxLength: 40 }),
      fc.integer({ min: 0, max: 1e11 }),
      (costs, spentNanos) => {
        const { lowNanos, expectedNanos, highNanos } = of(
          history(costs.length, (_, index) => costs[index]!),
          { spentNanos },
        )!;
        expect(lowNanos).toBeGreaterThanOrEqual(spentNanos);
        expect(lowNanos).toBeLessThanOrEqual(expectedNanos);
        expect(expectedNanos).toBeLessThanOrEqual(highNanos);
      },
    ),
  );
});
