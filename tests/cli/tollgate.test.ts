import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commands, findCommand } from "../../cli/commands.mjs";

const root = join(__dirname, "..", "..");
const tollgate = join(root, "cli", "tollgate.mjs");

function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tollgate, ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

describe("tollgate", () => {
  it("shows every command on one page, and the exit codes", async () => {
    const { code, output } = await run("--help");
    expect(code).toBe(0);
    for (const name of Object.keys(commands)) expect(output).toContain(`  ${name} `);
    expect(output).toContain("0 fine, 1 failed, 2 wrong usage, 3 a finding");
  });

  it.each(Object.keys(commands))("describes %s under its own name", async (name) => {
    const { code, output } = await run(...name.split(" "), "--help");
    expect(output).toContain(`Usage: tollgate ${name}`);
    expect(code).toBe(0);
  });

  it.each([
    [["nope"], '"nope" must be a command: use one of start, ask'],
    [["cost", "--stack", "moon"], "Allowed choices are dev, prod"],
    [["drift"], "required option '--stack <name>' not specified"],
    [
      ["promote", "--from", "dev", "--to", "prod", "--watch", "soon"],
      "option '--watch <seconds>' argument 'soon' is invalid. use a whole number from 1 to 86400",
    ],
  ])("answers %j with exit code 2", async (args, message) => {
    const { code, output } = await run(...args);
    expect(output).toContain(message);
    expect(code).toBe(2);
  });

  it("takes the longest name that the arguments begin with", () => {
    expect(findCommand(["cost", "refresh", "--dry-run"])).toMatchObject({
      name: "cost refresh",
      rest: ["--dry-run"],
    });
    expect(findCommand(["cost", "--stack", "dev"])).toMatchObject({ name: "cost", rest: ["--stack", "dev"] });
    expect(findCommand(["toString"])).toBeUndefined();
  });

  it("has a file for every command, and a command for every npm script", () => {
    for (const { entry } of Object.values(commands)) expect(existsSync(join(root, entry))).toBe(true);
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    for (const script of Object.values(scripts)) {
      const called = /^node cli\/tollgate\.mjs (.+)$/.exec(script)?.[1];
      if (called) expect(Object.keys(commands)).toContain(called);
    }
  });
});
