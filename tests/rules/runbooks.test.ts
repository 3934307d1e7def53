import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../ops/workspace/paths";
import { renderedAlerts } from "./support/rendered";

const folder = join(repository, "docs", "runbooks");
const alerts = [...new Set(renderedAlerts().map(({ alert }) => alert))].sort();
const read = (name: string) => readFileSync(join(folder, `${name}.md`), "utf8");

test("every alert has its page, and every page its alert", () => {
  expect(readdirSync(folder).sort()).toEqual(alerts.map((name) => `${name}.md`));
});

test.each(alerts)("%s says what it means, what it does, how to find out and what to do", (name) => {
  const [title, ...sections] = read(name).split(/^#+ .*\n/m);
  expect(title).toBe("");
  expect([...read(name).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
    "Impact",
    "Diagnosis",
    "Mitigation",
  ]);
  for (const text of sections) expect(text.trim().length).toBeGreaterThan(25);
});

test.each(alerts)("%s links only pages and names only files that are there", (name) => {
  const text = read(name);
  const pages = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => join(folder, link!));
  const files = [...text.matchAll(/`((?:litellm-config|dashboards|generated|tests|infra)\/[^`*<]+)`/g)].map(
    ([, path]) => join(repository, path!),
  );
  expect([...pages, ...files].filter((path) => !existsSync(path))).toEqual([]);
});

test("every alert links its page", () => {
  for (const { alert, annotations } of renderedAlerts()) {
    expect(annotations.runbook_url).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
  }
});
