import { findingsOf, type ShownPanel } from "../../../local/dashboards/shots/findings";

const panel = (more: Partial<ShownPanel>): ShownPanel => ({
  title: "Spend",
  kind: "stat",
  state: "data",
  box: { left: 0, top: 0, right: 100, bottom: 100 },
  clipped: [],
  hidden: [],
  ...more,
});
const beside = { left: 100, top: 0, right: 200, bottom: 100 };

test("a picture in which all is well has no finding", () => {
  expect(
    findingsOf([panel({}), panel({ title: "Calls", box: beside, state: "empty" })], new Set(["Spend"])),
  ).toEqual([]);
});

test.each([
  ["an error", [panel({ state: "error" })], `"Spend" shows its state "error"`],
  ["a panel that never loads", [panel({ state: "loading" })], `"Spend" shows its state "loading"`],
  ["no data where there is some", [panel({ state: "empty" })], `"Spend" is empty though its queries answer`],
  ["a text that is cut", [panel({ clipped: ["Month's end"] })], `"Spend" clips "Month's end"`],
  [
    "a column that is out of sight",
    [panel({ hidden: ["Trace"] })],
    `"Spend" has its column "Trace" out of sight`,
  ],
  [
    "panels on top of each other",
    [panel({}), panel({ title: "Calls", box: { ...beside, left: 99 } })],
    `"Spend" and "Calls" overlap`,
  ],
])("%s is found", (_, panels, finding) => {
  expect(findingsOf(panels, new Set(["Spend"]))).toEqual([finding]);
});
