/** A panel as a picture shows it. */
export interface ShownPanel {
  title: string;
  kind: string;
  /** `data`, `empty`, `loading` or `error`. */
  state: string;
  /** Pixels. */
  box: { left: number; top: number; right: number; bottom: number };
  /** Texts that do not fit their place. */
  clipped: string[];
  /** Headings of columns that are out of sight. */
  hidden: string[];
}

/**
 * What is wrong with a picture.
 *
 * @param withData titles of the panels whose queries answer
 * @returns a sentence a finding
 */
export function findingsOf(panels: ShownPanel[], withData: ReadonlySet<string>): string[] {
  const findings = panels.flatMap(({ title, state, clipped, hidden }) => [
    ...(state === "error" || state === "loading" ? [`"${title}" shows its state "${state}"`] : []),
    ...(state === "empty" && withData.has(title) ? [`"${title}" is empty though its queries answer`] : []),
    ...clipped.map((text) => `"${title}" clips "${text}"`),
    ...hidden.map((column) => `"${title}" has its column "${column}" out of sight`),
  ]);
  panels.forEach((one, i) => {
    for (const other of panels.slice(i + 1))
      if (overlap(one.box, other.box)) findings.push(`"${one.title}" and "${other.title}" overlap`);
  });
  return findings;
}

function overlap(one: ShownPanel["box"], other: ShownPanel["box"]): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

/**
 * JavaScript for the page: widens its texts to those of the widest font that browsers fall back to (DejaVu Sans, by its digits), so
 * that what fits here fits elsewhere.
 */
export const WIDEN_TEXTS = `
(() => {
  const { fontFamily } = getComputedStyle(document.body);
  const context = document.createElement("canvas").getContext("2d");
  context.font = "100px " + fontFamily;
  const missing = 0.637 - context.measureText("0123456789").width / 1000;
  const style = document.createElement("style");
  style.textContent = "section[data-panel] * { letter-spacing: " + Math.max(0, missing) + "em !important }";
  document.head.append(style);
})()`;

/** JavaScript for the page: reads what it shows, as `ShownPanel[]`. */
export const READ_PANELS = `
[...document.querySelectorAll("section[data-panel]")].map((section) => {
  const { left, top, right, bottom } = section.getBoundingClientRect();
  const texts = [...section.querySelectorAll("*")].filter((each) => getComputedStyle(each).textOverflow === "ellipsis" && !each.matches(".sr-only, .sr-only *"));
  const columns = [...section.querySelectorAll('[role="columnheader"]')];
  return {
    title: section.dataset.panel,
    kind: section.dataset.kind,
    state: section.dataset.state,
    box: { left, top, right, bottom },
    clipped: texts.filter((each) => each.clientWidth > 0 && each.textContent && each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent),
    hidden: columns.filter((each) => each.getBoundingClientRect().right > right).map((each) => each.textContent),
  };
})`;
