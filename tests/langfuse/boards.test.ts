import { langfuseSetup } from "../../dashboards/langfuse";

/** How the dashboards look: what an eye would find at once. */
describe.each(langfuseSetup().boards.map((board) => [board.name, board] as const))(
  "%s",
  (name, { description, tiles }) => {
    test("has no tiles that overlap or stick out", () => {
      const taken = new Map<string, string>();
      for (const { title, place } of tiles) {
        const { x, y, width, height } = place;
        expect([title, x + width <= 12]).toEqual([title, true]);
        for (let column = x; column < x + width; column++) {
          for (let row = y; row < y + height; row++) {
            const cell = `${column}/${row}`;
            expect([title, taken.get(cell)]).toEqual([title, undefined]);
            taken.set(cell, title);
          }
        }
      }
    });

    test("has unique titles and a description", () => {
      expect(new Set(tiles.map(({ title }) => title)).size).toBe(tiles.length);
      expect(description.length).toBeGreaterThan(20);
    });

    test("has no tile that Langfuse's own page refuses or that adds a total to its parts", () => {
      // `validateQuery.ts`: dimensions with any number of values, over no time, only as the first rows by a measure.
      const unbounded = ["id", "traceId", "userId", "sessionId", "parentObservationId", "observationId"];
      for (const { title, query } of tiles) {
        const fields = query.dimensions.map(({ field }) => field);
        if (fields.some((field) => unbounded.includes(field))) {
          const { row_limit: rows } = query.chartConfig as { row_limit?: number };
          expect([title, query.chartType.endsWith("TIME_SERIES")]).toEqual([title, false]);
          expect([title, rows !== undefined]).toEqual([title, true]);
        }
        // Langfuse lists `total` among the kinds that it is the total of.
        expect([title, fields.filter((field) => field === "costType" || field === "usageType")]).toEqual([
          title,
          [],
        ]);
        expect([title, title.startsWith(name)]).toEqual([title, false]);
      }
    });

    test("draws numbers without a split, tables and bars with one", () => {
      for (const { title, query } of tiles) {
        const splits = query.dimensions.length;
        const wants = { NUMBER: 0, HISTOGRAM: 0, PIVOT_TABLE: 1, HORIZONTAL_BAR: 1, VERTICAL_BAR: 1, PIE: 1 }[
          query.chartType as string
        ];
        if (wants !== undefined) expect([title, splits]).toEqual([title, wants]);
      }
    });
  },
);

test("no two tiles share a name: widgets are the project's, and are found by it", () => {
  const titles = langfuseSetup().boards.flatMap(({ tiles }) => tiles.map(({ title }) => title));
  expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([]);
});
