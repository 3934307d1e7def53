import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";
import { driftedIn } from "../../ops/drift/changes";
import { exitCodeOf, reportLines } from "../../ops/drift/report";
import { NODE_ARGS } from "../support/run-command";

/** Events of a real engine (Pulumi 3.248.0) previewing `tests/support/file-stack`, without its diagnostics. */
const recorded = (name: string) =>
  JSON.parse(readFileSync(join(__dirname, "recorded", `${name}.json`), "utf8")) as EngineEvent[];

const NOTES = { type: "pulumi-nodejs:dynamic:Resource", name: "notes" };

describe("drift", () => {
  it("is nothing when the cloud is as the program says", () => {
    const drifted = driftedIn(recorded("none"));
    expect(drifted).toEqual([]);
    expect(exitCodeOf(drifted)).toBe(0);
    expect(reportLines("prod", drifted)).toEqual(["prod is as the program says."]);
  });

  it("is what was changed by hand, and what the program changed since", () => {
    const drifted = driftedIn(recorded("changed-and-replaced"));
    expect(drifted).toEqual([
      { difference: "changed", ...NOTES, properties: ["text"] },
      {
        difference: "changed",
        type: "random:index/randomId:RandomId",
        name: "suffix",
        properties: ["byteLength"],
      },
    ]);
    expect(exitCodeOf(drifted)).toBe(3);
    expect(reportLines("prod", drifted)).toEqual([
      "prod differs from the program in 2 resources:",
      "  changed pulumi-nodejs:dynamic:Resource notes: text",
      "  changed random:index/randomId:RandomId suffix: byteLength",
      "`pulumi up -s prod` makes the cloud as the program says; change the program to keep what was found.",
    ]);
  });

  it("is what was deleted by hand", () => {
    const drifted = driftedIn(recorded("missing"));
    expect(drifted).toEqual([{ difference: "missing", ...NOTES, properties: [] }]);
    expect(exitCodeOf(drifted)).toBe(3);
  });

  it.each<[OpType, string | undefined]>([
    ["same", undefined],
    ["refresh", undefined],
    ["read", undefined],
    ["create", "missing"],
    ["update", "changed"],
    ["replace", "changed"],
    ["create-replacement", undefined],
    ["delete-replaced", undefined],
    ["delete", "not in the program"],
  ])("reads the step %s as %s", (op, difference) => {
    const [first] = recorded("missing").filter(
      ({ resourcePreEvent }) => resourcePreEvent?.metadata.op === "create",
    );
    const event = { ...first!, resourcePreEvent: { metadata: { ...first!.resourcePreEvent!.metadata, op } } };
    expect(driftedIn([event]).map((each) => each.difference)).toEqual(difference ? [difference] : []);
  });

  it("never prints a value, which may be secret", () => {
    const text = JSON.stringify(driftedIn(recorded("changed-and-replaced")));
    expect(text).not.toContain("edited by hand");
    expect(text).not.toContain("as the program says");
  });
});

describe("npm run drift", () => {
  const run = (...args: string[]) => {
    try {
      execFileSync(process.execPath, [...NODE_ARGS, "ops/drift/main.ts", ...args], {
        cwd: join(__dirname, "..", ".."),
        env: { ...process.env, PATH: "/nowhere" },
        encoding: "utf8",
        stdio: "pipe",
      });
      return { status: 0, stderr: "" };
    } catch (error) {
      return error as { status: number; stderr: string };
    }
  };

  it("says what is missing when there is no engine", () =>
    expect(run("--stack", "prod")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("There is no `pulumi` on the PATH: install Pulumi 3.248") as string,
    }));

  it("fails for a stack that there is not", () =>
    expect(run("--stack", "staging")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("Allowed choices are dev, prod") as string,
    }));
});
