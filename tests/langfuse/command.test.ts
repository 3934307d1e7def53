import { spawn } from "node:child_process";
import { join } from "node:path";
import { LangfuseApiStandIn } from "../support/langfuse";
import { NODE_ARGS } from "../support/run-command";

const repository = join(__dirname, "../..");

let langfuse: LangfuseApiStandIn;
beforeAll(async () => {
  langfuse = await new LangfuseApiStandIn().start();
});
afterAll(() => langfuse.stop());

/** Runs the real command. */
function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...NODE_ARGS, "ops/langfuse/main.ts", ...args], {
    cwd: repository,
    env: { PATH: process.env.PATH, ...env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (part) => (out += part));
  child.stderr.on("data", (part) => (err += part));
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, out, err })),
  );
}

const keys = { LANGFUSE_PUBLIC_KEY: "pk-lf-test", LANGFUSE_SECRET_KEY: "sk-lf-test" };

test("says what it did, then that there is nothing to do", async () => {
  const first = await run([], { ...keys, LANGFUSE_HOST: langfuse.url });
  expect(first.code).toBe(0);
  expect(first.out).toMatch(/^model claude-opus-5-5: created$/m);
  expect(first.out).toMatch(/^dashboard Margin tracker: created$/m);
  expect(first.out).toMatch(/^\d+ created, 0 updated, 0 unchanged, 0 skipped, 0 failed$/m);
  const second = await run(["--host", langfuse.url], keys);
  expect(second).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^0 created, 0 updated, \d+ unchanged/),
  });
});

test("prints JSON that a program reads", async () => {
  const { code, out } = await run(["--host", langfuse.url, "--dry-run", "--json"], keys);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    host: langfuse.url,
    dryRun: true,
    summary: { created: 0, failed: 0 },
    outcomes: expect.arrayContaining([{ kind: "prompt", name: "tollgate-classify", action: "unchanged" }]),
  });
});

test("ends with 1 when a part failed", async () => {
  langfuse.unstable = false;
  const { code, out } = await run(["--host", langfuse.url], keys);
  langfuse.unstable = true;
  expect([code, /^dashboard Cost per customer: failed \(this Langfuse has no/m.test(out)]).toEqual([1, true]);
});

test.each([
  [
    "wrong keys",
    { ...keys, LANGFUSE_SECRET_KEY: "sk-lf-wrong" },
    /refuses the keys \(401\): set LANGFUSE_PUBLIC_KEY and/,
  ],
  ["no keys", {}, /LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set/],
])("ends with 1 and the remedy: %s", async (_, env, words) => {
  const { code, out, err } = await run(["--host", langfuse.url], env);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(words);
  expect(err).not.toContain("sk-lf");
});

test("ends with 1 and the remedy: no server there", async () => {
  const { code, err } = await run(["--host", "http://127.0.0.1:27098"], keys);
  expect(code).toBe(1);
  expect(err).toMatch(/http:\/\/127.0.0.1:27098 does not answer: start it, or name its address with --host/);
});
