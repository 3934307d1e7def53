import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";
import { findTool } from "../../processes/debian-tool";
import { READ_PANELS, WIDEN_TEXTS, type ShownPanel } from "./findings";

export interface Shot {
  uid: string;
  theme: "light" | "dark";
  /** Pixels. */
  width: number;
  /** Pixels. Default: the whole dashboard. */
  height?: number;
  /** The time range, such as `now-15m`. */
  from: string;
  file: string;
  /** The graph under the mouse. */
  mouseOn?: string;
}

/** Milliseconds: the page is large, and the machine may be busy. */
const PATIENCE = 180_000;

/** The program at `TOLLGATE_CHROMIUM_BIN`, or on the PATH; `undefined` when there is none. */
export function findChromium(): string | undefined {
  const given = process.env.TOLLGATE_CHROMIUM_BIN;
  return given && existsSync(given) ? given : findTool("chromium");
}

/** @throws Error with the remedy when there is no Chromium. */
export function launchChromium(): Promise<Browser> {
  const found = findChromium();
  if (!found) {
    throw new Error(
      "Chromium is not on the PATH: install Debian's package (apt-get install chromium) or set TOLLGATE_CHROMIUM_BIN",
    );
  }
  // Chromium refuses its sandbox to root, as in a container.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: found, args, timeout: PATIENCE });
}

/**
 * Photographs a dashboard.
 *
 * @param viewer The viewer's address, without a slash at the end.
 * @returns the panels as they are shown, and what the page's scripts complained of
 */
export async function photograph(
  browser: Browser,
  viewer: string,
  shot: Shot,
): Promise<{ panels: ShownPanel[]; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: shot.width, height: shot.height ?? 1_000 } });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.setDefaultTimeout(PATIENCE);
  try {
    await page.goto(`${viewer}/d/${shot.uid}?from=${shot.from}&theme=${shot.theme}`);
    await page.waitForSelector("main");
    // Tables draw only the rows that are in sight.
    const height =
      shot.height ?? Math.ceil(await page.evaluate<number>("document.documentElement.scrollHeight"));
    await page.setViewportSize({ width: shot.width, height });
    await page.waitForFunction(`!document.querySelector('[data-state="loading"]')`);
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(500);
    if (shot.mouseOn && !(await pointAt(page, shot.mouseOn)))
      errors.push(`"${shot.mouseOn}" shows no values under the mouse, or not all of them`);
    if (await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth"))
      errors.push("the page is wider than its window");
    await page.screenshot({ path: shot.file });
    await page.evaluate(WIDEN_TEXTS);
    return { panels: await page.evaluate<ShownPanel[]>(READ_PANELS), errors };
  } finally {
    await page.close();
  }
}

/** Puts the mouse on the end of a graph, where marks are, and says whether the values under it are in sight. */
async function pointAt(page: Page, title: string): Promise<boolean> {
  const graph = (await page.locator(`section[data-panel="${title}"] .u-over`).boundingBox())!;
  await page.mouse.move(graph.x + graph.width / 2, graph.y + graph.height / 2);
  await page.mouse.move(graph.x + graph.width * 0.95, graph.y + graph.height / 2, { steps: 5 });
  await page.waitForTimeout(500);
  return page.evaluate<boolean>(`(() => {
    const time = [...document.querySelectorAll("div")].find((each) => /^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$/.test(each.textContent));
    const shown = time?.closest("[data-testid], [role=tooltip], .u-tooltip") ?? time?.parentElement?.parentElement;
    const box = shown?.getBoundingClientRect();
    return !!box && box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  })()`);
}
