import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicImages } from "../../catalogue/images";
import { downloadServers, installRelease } from "../../local/servers/download";
import { findServer, variableOf } from "../../local/servers/find";
import { releaseOf, SERVERS, type Release } from "../../local/servers/releases";
import { paths } from "../../ops/workspace/paths";

const PROGRAM = "#!/bin/sh\necho 3.7.8\n";
const root = mkdtempSync(join(tmpdir(), "tollgate-servers-"));
const folder = join(root, "installed", "loki-3.7.8");
const files = new Map<string, Buffer | string>();
const environment = { ...process.env };

let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, cut, name] = /^\/(cut\/)?(.*)$/.exec(request.url!)!;
    const file = files.get(name!);
    if (cut && file) {
      response.writeHead(200, { "content-length": file.length });
      response.write(Buffer.from(file).subarray(0, file.length / 2), () => response.destroy());
    } else response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = join(root, "made");
  mkdirSync(join(made, "grafana-1.0/bin"), { recursive: true });
  writeFileSync(join(made, "loki-linux-amd64"), PROGRAM);
  writeFileSync(join(made, "grafana-1.0/bin/grafana"), PROGRAM);
  execFileSync(paths.python, ["-m", "zipfile", "-c", "loki.zip", "loki-linux-amd64"], { cwd: made });
  execFileSync("tar", ["-czf", "grafana.tar.gz", "grafana-1.0"], { cwd: made });
  for (const name of ["loki.zip", "grafana.tar.gz"]) files.set(name, readFileSync(join(made, name)));
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

beforeEach(() => {
  rmSync(join(root, "installed"), { recursive: true, force: true });
  files.set("SHA256SUMS", `${"0".repeat(64)}  other.zip\n${sumOf("loki.zip")}  loki.zip\n`);
  files.set("grafana.tar.gz.sha256", `${sumOf("grafana.tar.gz")}\n`);
});

const sumOf = (name: string) => createHash("sha256").update(files.get(name)!).digest("hex");

const loki = (more: Partial<Release> = {}): Release => ({
  name: "loki",
  version: "3.7.8",
  url: `${base}/loki.zip`,
  sums: `${base}/SHA256SUMS`,
  program: "loki-linux-amd64",
  ...more,
});

describe("a release", () => {
  it("is unpacked from a zip archive whose sum its list has, and can be run", async () => {
    const program = await installRelease(loki(), folder);
    expect(execFileSync(program, { encoding: "utf8" })).toBe("3.7.8\n");
    expect(existsSync(`${folder}.next`)).toBe(false);
  });

  it("is unpacked from a tar archive whose sum file has only the sum", async () => {
    const release = {
      name: "grafana",
      version: "1.0",
      url: `${base}/grafana.tar.gz`,
      sums: `${base}/grafana.tar.gz.sha256`,
      program: "grafana-1.0/bin/grafana",
    } as const;
    const program = await installRelease(release, folder);
    expect(program).toBe(join(folder, "grafana-1.0/bin/grafana"));
    expect(execFileSync(program, { encoding: "utf8" })).toBe("3.7.8\n");
  });

  it("is checked against its pinned sum, whatever its list has", async () => {
    await expect(installRelease(loki({ sha256: "1".repeat(64) }), folder)).rejects.toThrow(
      `${base}/loki.zip has the SHA-256 ${sumOf("loki.zip")}, but ${"1".repeat(64)} was expected`,
    );
  });

  it.each([
    ["has another sum", () => files.set("SHA256SUMS", `${"2".repeat(64)}  loki.zip\n`), /was expected/],
    ["is not in its list", () => files.set("SHA256SUMS", `${"2".repeat(64)}  other.zip\n`), /does not list/],
    ["has no list", () => files.delete("SHA256SUMS"), /SHA256SUMS answers 404/],
  ])("is refused where it %s, and leaves nothing behind", async (_what, spoil, message) => {
    spoil();
    await expect(installRelease(loki(), folder)).rejects.toThrow(message);
    for (const path of [folder, `${folder}.next`]) expect(existsSync(path)).toBe(false);
  });

  it.each([
    ["is not there", { url: "/none.zip", sha256: "0".repeat(64) }, /none\.zip answers 404/],
    ["is cut off on its way", { url: "/cut/loki.zip" }, /cut\/loki\.zip was not received whole/],
    ["lacks the program", { program: "loki" }, /does not contain loki/],
  ])("is refused where it %s", async (_what, { url, ...more }: Partial<Release>, message) => {
    const release = loki({ ...more, ...(url ? { url: base + url } : {}) });
    await expect(installRelease(release, folder)).rejects.toThrow(message);
    expect(existsSync(folder)).toBe(false);
  });

  it("that cannot be reached is said so", async () => {
    const release = loki({ url: "http://127.0.0.1:9/loki.zip", sha256: "0".repeat(64) });
    await expect(installRelease(release, folder)).rejects.toThrow(
      "http://127.0.0.1:9/loki.zip cannot be reached",
    );
  });

  it("does not replace a whole one when it fails", async () => {
    const program = await installRelease(loki(), folder);
    files.set("SHA256SUMS", "");
    await expect(installRelease(loki(), folder)).rejects.toThrow();
    expect(existsSync(program)).toBe(true);
  });
});

describe("a server that is on this machine", () => {
  const program = (name: string) => {
    const path = join(root, name, "loki");
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(path, PROGRAM, { mode: 0o755 });
    return path;
  };

  afterEach(() => {
    process.env = { ...environment };
  });

  it("is taken from the PATH, and before that from its variable", () => {
    process.env.PATH = `${join(root, "on-path")}:${process.env.PATH}`;
    expect(findServer("loki")).not.toBe(join(root, "on-path/loki"));
    const onPath = program("on-path");
    expect(findServer("loki")).toBe(onPath);
    process.env.TOLLGATE_LOKI_BIN = program("elsewhere");
    expect(findServer("loki")).toBe(join(root, "elsewhere/loki"));
  });

  it("must exist where its variable names it", () => {
    process.env.TOLLGATE_LOKI_BIN = join(root, "none");
    expect(() => findServer("loki")).toThrow(
      `TOLLGATE_LOKI_BIN (is "${root}/none") must name a program that exists`,
    );
  });

  it("is not downloaded; what cannot be is left out, with the remedy", async () => {
    for (const name of SERVERS) process.env[variableOf(name)] = program("elsewhere");
    const said: string[] = [];
    await downloadServers((what) => said.push(what));
    expect(said).toEqual([]);
    delete process.env.TOLLGATE_TEMPO_BIN;
    process.env.PATH = "";
    const fetches = jest.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed"));
    await downloadServers((what) => said.push(what)).finally(() => fetches.mockRestore());
    expect(said.at(-1)).toMatch(
      /^tempo: going on without it: https:.* cannot be reached .*TOLLGATE_TEMPO_BIN$/,
    );
  });
});

it.each(SERVERS)("the release of %s is of the version that the catalogue pins", (name) => {
  const { version, url, sums } = releaseOf(name, "linux-amd64");
  expect(version).toBe(publicImages[name].tag.replace(/^v/, ""));
  expect(url).toContain(version);
  expect(sums).toMatch(/^https:/);
});
