import { bootstrap, median, noiseLine, percentile, ratioOf, seeded, shuffled } from "../bench/statistics";

test("a percentile is the value below which so many percent lie", () => {
  const values = [5, 1, 4, 2, 3];
  expect([median(values), percentile(values, 100), percentile(values, 1)]).toEqual([3, 5, 1]);
  expect(percentile([], 50)).toBeNaN();
});

test("the same seed gives the same numbers, each from 0 up to 1, evenly", () => {
  const [one, same, other] = [seeded(7), seeded(7), seeded(8)];
  const numbers = Array.from({ length: 10_000 }, one);
  expect(Array.from({ length: 10_000 }, same)).toEqual(numbers);
  expect(other()).not.toBe(numbers[0]);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth++) {
    const inside = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    expect(inside).toBeGreaterThan(850);
    expect(inside).toBeLessThan(1_150);
  }
});

test("a shuffle keeps every value and puts each in each place", () => {
  const random = seeded(1);
  const firsts = Array.from({ length: 300 }, () => shuffled([1, 2, 3], random));
  for (const order of firsts) expect([...order].sort()).toEqual([1, 2, 3]);
  for (const value of [1, 2, 3])
    expect(firsts.filter(([first]) => first === value).length).toBeGreaterThan(70);
});

test("the interval of a mean holds the true one in about 95 of 100 repetitions", () => {
  const random = seeded(3);
  const mean = (list: number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
  const holds = Array.from({ length: 30 }, () => {
    const { low, high } = bootstrap(Array.from({ length: 40 }, random), mean, random);
    return low <= 0.5 && 0.5 <= high;
  }).filter(Boolean).length;
  expect(holds).toBeGreaterThanOrEqual(26);
});

test("a ratio is taken of pairs, so that what hits both rounds of a pair falls out", () => {
  const random = seeded(5);
  const pairs = Array.from({ length: 40 }, (_, at) => {
    const stock = 10 + 5 * random() * (at % 2);
    return { guarded: stock * 1.1, stock };
  });
  const { value, low, high } = ratioOf(pairs, (list) => median(list), random);
  expect(value).toBeCloseTo(1.1, 10);
  expect(high - low).toBeLessThan(1e-9);
});

test("a wide interval is called noise, with the ratio that it belongs to", () => {
  const calm = { value: 1.1, low: 1.05, high: 1.15 };
  expect(noiseLine({ median: calm })).toMatch(/^The machine was calm/);
  const line = noiseLine({ median: calm, cpu: { value: 1.1, low: 0.9, high: 1.3 } });
  expect(line).toMatch(/^The machine was too noisy to tell: cpu \(0\.90 to 1\.30\)\./);
  expect(line).not.toContain("median");
});
