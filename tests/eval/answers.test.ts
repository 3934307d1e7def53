import { NOW } from "../app/harness";
import { figuresOf, KNOWN, missingFigures } from "./answers";

test("there are at least forty questions, each once, whose figures the sample data have", async () => {
  expect(new Set(KNOWN.map(({ earlier = [], question }) => [...earlier, question].join(" >> "))).size).toBe(
    KNOWN.length,
  );
  expect(KNOWN.length).toBeGreaterThanOrEqual(40);
  for (const known of KNOWN) {
    const figures = await figuresOf(known, NOW);
    expect({ question: known.question, figures }).not.toMatchObject({
      figures: expect.arrayContaining([undefined, "0.00"]),
    });
  }
});

test.each([
  ["It cost $1,299.56 in all.", ["1299.56"], []],
  ["About 1,300 US dollars.", ["1299.56"], []],
  ["It cost $1,298.", ["1299.56"], ["1299.56"]],
  ["BigQuery rose by 513.00.", ["BigQuery", "513.00"], []],
  ["bigquery fell by -513.00", ["BigQuery", "513.00"], []],
  ["Nothing.", ["BigQuery", "0.42"], ["BigQuery", "0.42"]],
])("%j against %j lacks %j", (answer, figures, missing) => {
  expect(missingFigures(answer, figures)).toEqual(missing);
});
