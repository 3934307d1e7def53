import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "..", "..");

/** Runs `npm test -- <args>` with a jest configuration that finds its tests in their own folder. */
function npmTest(testFile: string): { code: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), "test-command-"));
  writeFileSync(join(folder, "sample.test.js"), testFile);
  try {
    const config = JSON.stringify({ rootDir: folder, transform: {} });
    const args = ["--import", "tsx", "local/test.ts", "--config", config];
    const env = { ...process.env, TOLLGATE_WORK_FOLDER: join(folder, "work") };
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
    return { code: status, output: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm test", () => {
  it("ends with the plain line and 0 when all pass", () => {
    const { code, output } = npmTest(`it("a", () => {}); it("b", () => {}); it.skip("c", () => {});`);
    expect(output.trimEnd().split("\n").at(-1)).toBe("2 passed, 0 failed, 1 skipped");
    expect(code).toBe(0);
  });

  it.each([
    [
      "a test fails",
      `it("a", () => {}); it("b", () => { throw new Error("no"); });`,
      "1 passed, 1 failed, 0 skipped",
    ],
    ["a file cannot be run", `throw new Error("no");`, "0 passed, 1 failed, 0 skipped"],
  ])("ends with 1 when %s", (_, file, line) => {
    const { code, output } = npmTest(file);
    expect(output.trimEnd().split("\n").at(-1)).toBe(line);
    expect(output).toContain("Failed: jest");
    expect(code).toBe(1);
  });
});
