import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameOf } from "../../../local/dashboards/frames";
import type { Range } from "../../../local/dashboards/interpolate";
import { createViewer } from "../../../local/dashboards/viewer/server";

let server: Server;
let url: string;
let folder: string;
let builds: number;
let asked: Range | undefined;
let page: () => Promise<string>;

beforeEach(async () => {
  builds = 0;
  folder = mkdtempSync(join(tmpdir(), "viewer-"));
  writeFileSync(join(folder, "index.html"), "<title>the page</title>");
  writeFileSync(join(folder, "main.js"), "1");
  page = () => Promise.resolve(folder);
  const sources = {
    ask: (query: { expr?: string }, range: Range) => {
      asked = range;
      if (query.expr === "bad") return Promise.reject(new Error("Prometheus refuses bad"));
      return Promise.resolve([frameOf("A", [[{ name: "x", type: "string" }, ["acme"]]])]);
    },
    close: () => Promise.resolve(),
  };
  server = createViewer({ sources, langfuse: "http://langfuse.local", page: () => (builds++, page()) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const text = async (path: string) => (await fetch(url + path)).text();
const ask = (body: object) => fetch(`${url}/api/query`, { method: "POST", body: JSON.stringify(body) });
const question = (expr: string) => ({
  queries: [{ refId: "A", datasource: { uid: "prometheus", type: "prometheus" }, expr }],
  from: 0,
  to: 3_600_000,
  points: 100,
  chosen: { tier: ["tier_1"] },
});

test("nothing is built before the first visit, and then once", async () => {
  await text("/api/health");
  expect(builds).toBe(0);
  expect(await text("/")).toContain("Building the viewer");
  expect(await text("/d/infrastructure")).toContain("the page");
  expect(await text("/assets/main.js")).toBe("1");
  expect(builds).toBe(1);
});

test("a build that fails is shown, and tried again at the next visit", async () => {
  page = () => Promise.reject(new Error("npm is offline"));
  await text("/");
  expect(await text("/")).toContain("npm is offline");
  expect(builds).toBe(2);
});

test("files outside the page are not served", async () => {
  await text("/");
  expect((await fetch(`${url}/assets/..%2f..%2fetc/passwd`)).status).toBe(404);
});

test("dashboards are Grafana's, with links to this machine's traces", async () => {
  const dashboard = await text("/api/dashboards/alerts-incidents");
  expect(dashboard).toContain("http://langfuse.local/project/");
  expect((await fetch(`${url}/api/dashboards/none`)).status).toBe(404);
});

test("queries are asked for their range with a step that fits, and a refused one is said", async () => {
  expect(await (await ask(question("up"))).json()).toMatchObject({
    frames: [{ data: { values: [["acme"]] } }],
  });
  expect(asked).toEqual({ seconds: 3_600, end: 3_600_000, step: 60, chosen: { tier: ["tier_1"] } });
  expect(await (await ask(question("bad"))).json()).toEqual({ frames: [], error: "Prometheus refuses bad" });
  expect((await ask({ queries: "all" })).status).toBe(400);
});
