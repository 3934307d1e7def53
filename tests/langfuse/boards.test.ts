import { langfuseSetup } from "../../dashboards/langfuse";

/** How the dashboards look: what an eye would find at once. */
describe.each(langfuseSetup().boards.map((board) => [board.name, board] as const))(
  "%s",
  (_, { description, tiles }) => {
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

    test("has titles of its own and says what it is about", () => {
      expect(new Set(tiles.map(({ title }) => title)).size).toBe(tiles.length);
      expect(description.length).toBeGreaterThan(20);
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
