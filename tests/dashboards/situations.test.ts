import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composePrometheus } from "../../dashboards/prometheus";
import { ruleGroups } from "../../dashboards/prometheus/rules";
import type { Frame } from "../../local/dashboards/frames";
import type { PanelQuery } from "../../local/dashboards/panels";
import { judge } from "../../local/dashboards/report";
import { askPrometheus } from "../../local/dashboards/sources/prometheus";
import { backfill } from "../../local/dashboards/shots/past";
import { requireTool } from "../../local/processes";
import { eventually, freePort } from "../support/gateway";
import { MINUTES, openMetrics, type Fate, type Recorded } from "./support/history";
import { panels } from "./support/panels";

const ofPrometheus = panels.filter(([, , { targets }]) => targets[0]!.datasource.uid === "prometheus");

const grows: Fate = ({ value, isCounter }, minute) => ({
  value: isCounter ? Math.floor((value * minute) / MINUTES) : value,
});

/** Each is a history of an hour and a half; its panels are asked at its end. */
const situations: Record<string, Fate> = {
  "with traffic": grows,
  "without traffic for an hour": ({ value }) => ({ value }),
  "with every service started anew ten minutes ago": (series, minute) =>
    grows(series, series.isCounter && minute > 80 ? minute - 80 : minute),
  // Each revision has another instance, and Prometheus knows of the old one for five minutes.
  "with every service replaced three minutes ago": (series, minute) => {
    const old = minute < 87 ? [grows(series, minute)!] : [];
    return old[0] ?? { ...grows(series, minute - 87)!, labels: { instance: "two" } };
  },
  "with the ledger's exporter away for ten minutes": (series, minute) =>
    series.job === "ledger-exporter" && minute > 80
      ? series.name === "up"
        ? { value: 0 }
        : undefined
      : grows(series, minute),
  "with all services away": ({ name }) => (name === "up" ? { value: 0 } : undefined),
  "a minute after the first start": (series, minute) => (minute > 88.5 ? grows(series, minute) : undefined),
};

/** Customers over half of their budget, in the second half of their own day. */
const crowd = Array.from({ length: 500 }, (_, i): Recorded => ({
  job: "ledger-exporter",
  name: "tollgate_customer_budget_used_ratio",
  labels: { customer_id: `customer_${i}`, tier: "tier_1" },
  value: 0.5 + i / 1_000,
  isCounter: false,
}));

/** A day each, so that none sees another one's values. */
const DAY = 86_400;
const FIRST = Date.UTC(2026, 2, 27) / 1000;
const names = [...Object.keys(situations), "with 500 customers over half"];
const endOf = (situation: string) => FIRST + names.indexOf(situation) * DAY + MINUTES * 60;

const folder = mkdtempSync(join(tmpdir(), "tollgate-situations-"));
let prometheus: ChildProcess;
let url: string;

beforeAll(async () => {
  for (const name of names) {
    const history = openMetrics(
      situations[name] ?? grows,
      endOf(name) - MINUTES * 60,
      situations[name] ? [] : crowd,
    );
    backfill(`${history}\n`, join(folder, "data"));
  }
  writeFileSync(join(folder, "prometheus.yml"), "{}");
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  prometheus = spawn(
    requireTool("prometheus"),
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      "--storage.tsdb.retention.time=10y",
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  await eventually("Prometheus", async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok);
}, 180_000);

afterAll(async () => {
  const ended = new Promise((resolve) => prometheus.once("exit", resolve));
  prometheus.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

const ask =
  (situation: string, seconds = 3_600) =>
  (query: PanelQuery): Promise<Frame[]> =>
    askPrometheus({ ...query, expr: withoutRecordings(query.expr!) }, url, {
      seconds,
      end: endOf(situation) * 1000,
    });

/** What each panel that has not just data shows. */
async function shown(situation: string, seconds?: number): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [uid, title, panel] of ofPrometheus) {
    const { outcome, note } = await judge(panel, ask(situation, seconds));
    if (outcome !== "data") found[`${uid}: ${title}`] = outcome === "quiet" ? note : `${outcome}: ${note}`;
  }
  return found;
}

/** The last numbers of a panel's series, in their order. */
async function numbersOf(title: string, situation: string): Promise<number[]> {
  const [, , panel] = ofPrometheus.find(([, each]) => each === title)!;
  const frames = (await Promise.all(panel.targets.map(ask(situation)))).flat();
  return frames.map(({ data }) => data.values.at(-1)!.at(-1) as number);
}

const MONTH = 30 * 86_400;

it.each([...names.map((name): [string, number] => [name, 3_600]), [names[0]!, 900], [names[0]!, MONTH]])(
  "no panel is wrong or without a word %s, over %d seconds",
  async (situation, seconds) => {
    // "No data" is the word where nothing runs.
    const finding = situation === "with all services away" ? /^(wrong|error)/ : /^(wrong|error|no data)/;
    expect(Object.entries(await shown(situation, seconds)).filter(([, note]) => finding.test(note))).toEqual(
      [],
    );
  },
);

it("every panel shows what there is", async () => {
  expect(await shown("with traffic")).toEqual({});
});

it("what only the exporter knows is unknown while it is away, whatever it said before", async () => {
  const notes = await shown("with the ledger's exporter away for ten minutes");
  expect(Object.keys(notes).length).toBeGreaterThan(7);
  for (const [panel, note] of Object.entries(notes))
    expect([panel, note]).toEqual([panel, expect.stringMatching(/known/)]);
  for (const title of ["Budgets enforced", "Ledger"])
    expect(await numbersOf(title, "with the ledger's exporter away for ten minutes")).toEqual([-1]);
});

it.each([
  "Held in flight",
  "Active customers",
  "Degraded and blocked customers",
  "Budget used, customers over half",
  "Limits of all customers together",
  "Postgres connections",
  "Services up",
])("%s is counted once while a service is being replaced", async (title) => {
  const replaced = await numbersOf(title, "with every service replaced three minutes ago");
  expect(replaced).toEqual(await numbersOf(title, "with traffic"));
});

it("alerts are counted by severity, the worst first, and pending ones are not", async () => {
  expect(await numbersOf("Firing", "with traffic")).toEqual([1, 2, 1]);
  expect(await numbersOf("Alerts firing", "with traffic")).toEqual([1, 2]);
  expect(await numbersOf("Firing now", "with traffic")).toEqual([1]);
});

it("of many customers the fullest are shown", async () => {
  const numbers = await numbersOf("Budget used, customers over half", "with 500 customers over half");
  expect(numbers).toHaveLength(12);
  expect(Math.min(...numbers)).toBeGreaterThan(0.98);
});

/** A query with each recorded series replaced by what records it: nothing evaluates rules of the past. */
function withoutRecordings(expr: string): string {
  return Object.entries(recordings).reduce(
    (text, [record, recorded]) =>
      text
        .replaceAll(
          new RegExp(`${record}\\[(\\w+)\\]`, "g"),
          (_, window: string) => `(${recorded})[${window}:1m]`,
        )
        .replaceAll(
          new RegExp(`${record} offset (\\w+)`, "g"),
          (_, by: string) => `last_over_time((${recorded})[1m:30s] offset ${by})`,
        )
        .replaceAll(record, `(${recorded})`),
    expr,
  );
}

const recordings = Object.fromEntries(
  ruleGroups(composePrometheus())
    .flatMap(({ rules }) => rules)
    .filter(({ record }) => record)
    .reverse()
    .map(({ record }, _, all): [string, string] => [
      record!,
      all
        .filter((each) => each.record === record)
        .map(({ expr, labels }) =>
          Object.entries(labels ?? {}).reduce(
            (text, [label, value]) => `label_replace(${text}, "${label}", "${value}", "", "")`,
            expr,
          ),
        )
        .join(" or "),
    ]),
);
