import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicImages } from "../../catalogue/images";
import { installRelease } from "../../local/servers/download";
import { releaseOf, SERVERS, type Release } from "../../local/servers/releases";
import { paths } from "../../ops/workspace/paths";

const PROGRAM = "#!/bin/sh\necho 3.7.8\n";
const root = mkdtempSync(join(tmpdir(), "tollgate-servers-"));
const folder = join(root, "installed", "loki-3.7.8");
const files = new Map<string, Buffer | string>();

let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const file = files.get(request.url!.slice(1));
    response.writeHead(file === undefined ? 404 : 200).end(file);
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

it.each(SERVERS)("the release of %s is of the version that the catalogue pins", (name) => {
  const { version, url, sums } = releaseOf(name, "linux-amd64");
  expect(version).toBe(publicImages[name].tag.replace(/^v/, ""));
  expect(url).toContain(version);
  expect(sums).toMatch(/^https:/);
});
