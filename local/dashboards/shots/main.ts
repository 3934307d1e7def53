/**
 * `tollgate dashboards shots`: puts traffic, budgets that run out, a fallback and an outage through the running stack and
 * photographs every dashboard, light and dark, in two widths. Exit code 3 when a picture shows something that is wrong.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ports } from "../../../catalogue";
import { EXIT, runCommand, tollgateCommand } from "../../../ops/terminal/command";
import { repository, workFolder } from "../../../ops/workspace/paths";
import { runningStack } from "../../../ops/workspace/state";
import { renderedDashboards } from "../panels";
import { reportPanels } from "../report";
import { localServers } from "../sources/local";
import { buildPage } from "../viewer/build";
import { launchChromium, photograph, type Shot } from "./camera";
import { findingsOf } from "./findings";
import { playScenario } from "./scenario";

interface Options {
  traffic: boolean;
  readme: boolean;
}

/** The report's and most pictures' time range at least: the scenario and what came before it, in minutes. */
const MINUTES = 15;
/** Where days and hours are shown, those of the past that the scenario writes. */
const FROM: Record<string, string> = {
  "executive-overview": "now-30d",
  "llm-cost-operations": "now-24h",
  "agent-performance": "now-6h",
};
const WIDTHS = [1_600, 1_280];
const THEMES = ["light", "dark"] as const;

/** The pictures of README.md, each of what a visitor sees without scrolling. */
const README: Pick<Shot, "uid" | "theme">[] = [
  { uid: "executive-overview", theme: "light" },
  { uid: "llm-cost-operations", theme: "dark" },
  { uid: "agent-performance", theme: "light" },
  { uid: "alerts-incidents", theme: "dark" },
];

async function shots({ traffic, readme }: Options): Promise<void> {
  const { portOffset } = runningStack();
  const at = (port: number) => `http://127.0.0.1:${port + portOffset}`;
  await buildPage();
  const started = Date.now();
  if (traffic) {
    const stage = {
      agent: at(ports.agent),
      simulator: at(ports.llmSimulator),
      prometheus: at(ports.prometheus),
      portOffset,
    };
    await playScenario(stage, (what) => console.log(`  ${what}`));
  }
  // On a busy machine the scenario takes longer.
  const minutes = Math.max(MINUTES, Math.ceil((Date.now() - started) / 60_000) + 2);
  const withData = new Set(
    (await reportPanels(localServers(), { seconds: minutes * 60 }))
      .filter(({ outcome }) => outcome === "data")
      .map(({ dashboard, panel }) => `${dashboard}: ${panel}`),
  );
  const browser = await launchChromium();
  const findings: string[] = [];
  try {
    for (const shot of readme ? readmeShots(minutes) : everyShot(minutes)) {
      const { panels, errors } = await photograph(browser, at(ports.grafana), shot);
      const own = new Set(
        panels.map(({ title }) => title).filter((title) => withData.has(`${titleOf(shot.uid)}: ${title}`)),
      );
      const found = [...findingsOf(panels, own), ...errors];
      findings.push(...found);
      console.log(`${shot.file}: ${panels.length} panels`);
      for (const finding of found) console.log(`  ${finding}`);
    }
  } finally {
    await browser.close();
  }
  if (findings.length > 0) process.exitCode = EXIT.finding;
}

function everyShot(minutes: number): Shot[] {
  const folder = join(workFolder, "shots");
  mkdirSync(folder, { recursive: true });
  const hover = THEMES.map((theme) => ({
    uid: "infrastructure",
    theme,
    width: 1_280,
    height: 900,
    from: `now-${minutes}m`,
    file: join(folder, `hover-${theme}.png`),
    mouseOn: "CPU of each process",
  }));
  const whole = renderedDashboards().flatMap(({ uid }) =>
    THEMES.flatMap((theme) =>
      WIDTHS.map((width) => ({
        uid: uid!,
        theme,
        width,
        from: FROM[uid!] ?? `now-${minutes}m`,
        file: join(folder, `${uid}-${theme}-${width}.png`),
      })),
    ),
  );
  return [...whole, ...hover];
}

function readmeShots(minutes: number): Shot[] {
  const folder = join(repository, "docs", "images");
  mkdirSync(folder, { recursive: true });
  return README.map((shot) => ({
    ...shot,
    width: 1_280,
    height: 900,
    from: FROM[shot.uid] ?? `now-${minutes}m`,
    file: join(folder, `${shot.uid}.png`),
  }));
}

function titleOf(uid: string): string {
  return renderedDashboards().find((each) => each.uid === uid)!.title!;
}

runCommand(
  tollgateCommand(
    "dashboards shots",
    "Photograph every dashboard of the running stack and check what the pictures show.",
  )
    .option("--no-traffic", "photograph what is there, without six minutes of traffic")
    .option("--readme", "only the four pictures of README.md, into docs/images/", false)
    .action(shots),
);
