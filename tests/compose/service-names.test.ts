import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { budgetEnforcer, catalogue, customerService, logCollector } from "../../catalogue";
import { repository } from "../../ops/workspace/paths";

const NAMES = catalogue.map(({ name }) => name).join("|");
const QUOTED_NAME = `["'\`](?:tollgate-)?(?:${NAMES})["'\`]`;

/** A comparison with a service's name, or a list of names that another text is looked up in. */
const SPECIAL_CASES = [
  new RegExp(String.raw`[!=]==?\s*${QUOTED_NAME}`),
  new RegExp(String.raw`${QUOTED_NAME}\s*[!=]==?`),
  new RegExp(String.raw`case ${QUOTED_NAME}`),
  new RegExp(String.raw`=\s*(?:new Set\()?\[\s*${QUOTED_NAME}(?:,\s*${QUOTED_NAME})*,?\s*\]`),
  new RegExp(String.raw`=\s*["'\`]tollgate-(?:${NAMES})["'\`]`),
  new RegExp(String.raw`\/\^\(tollgate-\)\?[a-z]`),
];

const isSpecialCase = (code: string) => SPECIAL_CASES.some((pattern) => pattern.test(code));

function codeOf(room: string): { file: string; code: string }[] {
  return readdirSync(join(repository, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, code: readFileSync(join(repository, room, file), "utf8") }));
}

test.each(["components", "dashboards", "infra", "policies", "ops"])(
  "%s treats no service in a special way by its name: the catalogue has a field for it",
  (room) => {
    const files = codeOf(room);
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter(({ code }) => isSpecialCase(code)).map(({ file }) => file)).toEqual([]);
  },
);

test.each([
  'if (name === "gateway") return;',
  '"tollgate-alloy" !== name',
  'case "postgres":',
  'const PUBLIC_SERVICE = "tollgate-agent";',
  'const STORES = ["postgres", "clickhouse"];',
  "const GATEWAY = /^(tollgate-)?gateway$/;",
])("%s would be found", (code) => {
  expect(isSpecialCase(code)).toBe(true);
});

test("the services with special fields are those that the documents describe", () => {
  expect([budgetEnforcer.name, customerService.name, logCollector.name]).toEqual([
    "gateway",
    "agent",
    "alloy",
  ]);
  expect(catalogue.filter(({ vital }) => vital).map(({ name }) => name)).toEqual([
    "agent",
    "gateway",
    "ledger-exporter",
  ]);
});
