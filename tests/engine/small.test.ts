import { readFileSync } from "node:fs";
import { driftedIn } from "../../ops/drift/changes";
import { previewEvents } from "../../ops/drift/preview";
import { PulumiEngine } from "../../ops/promote/engine";
import { FileStack, missingForFileStack } from "../support/file-stack/workspace";

const missing = process.env["TOLLGATE_ENGINE"] === "1" ? missingForFileStack() : ["asked for by test:engine"];
if (missing.length > 0) console.log(`Tests with a small program are skipped: ${missing.join(", ")}`);
const withEngine = missing.length > 0 ? describe.skip : describe;

withEngine("a real engine, over the Automation API", () => {
  let stack: FileStack;
  const said: string[] = [];
  const up = () => new PulumiEngine("prod", stack.root, (line) => said.push(line), stack.env).up();
  const drift = async () => driftedIn(await previewEvents("prod", stack.root, stack.env));
  const text = () => (JSON.parse(readFileSync(stack.notes, "utf8")) as { text: string }).text;

  beforeAll(() => {
    stack = new FileStack();
  });
  afterAll(() => stack?.remove());

  it("updates a stack, and reports its progress", async () => {
    await up();
    expect(text()).toBe("as the program says");
    expect(said.join("\n")).toContain("+ 3 created");
    expect(await drift()).toEqual([]);
  }, 120_000);

  it("finds what was changed by hand without changing it, and an update puts it right", async () => {
    stack.edit({ text: "edited by hand" });
    const found = [
      { difference: "changed", type: "pulumi-nodejs:dynamic:Resource", name: "notes", properties: ["text"] },
    ];
    expect(await drift()).toEqual(found);
    expect(await drift()).toEqual(found);
    expect(text()).toBe("edited by hand");
    await up();
    expect(text()).toBe("as the program says");
  }, 240_000);

  it("finds what was deleted by hand", async () => {
    stack.removeFile();
    expect(await drift()).toMatchObject([{ difference: "missing", name: "notes" }]);
  }, 120_000);

  it("stops at a mandatory violation of the pack", async () => {
    await up();
    stack.configure({ "notes:owner": "somebody" });
    await expect(up()).rejects.toThrow(/owned-by-platform[\s\S]*The owner is somebody/);
    expect(JSON.parse(readFileSync(stack.notes, "utf8"))).toMatchObject({ owner: "platform" });
  }, 240_000);

  it("fails for a stack that there is not", async () => {
    await expect(previewEvents("staging", stack.root, stack.env)).rejects.toThrow(
      /no stack "staging" in the state's backend/,
    );
  }, 120_000);
});
