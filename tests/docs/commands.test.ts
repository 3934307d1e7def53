/** Every command that the documentation shows is one that `tollgate` takes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, CommanderError } from "commander";
import { findCommand, leadingStack } from "../../cli/commands.mjs";

const root = join(__dirname, "..", "..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const SHORT_NAME = /^node cli\/tollgate\.mjs ?/;

/** What stands in the documentation for a value; anything else stands for itself. */
const VALUES: Record<string, string> = { name: "prod", tier: "tier_1" };

/** The words of a shell's line, without its comment and what its output goes to; of `a|b` the first. */
function wordsOf(line: string): string[] {
  const filled = line.replace(/<([a-z-]+)>/g, (_, name: string) => VALUES[name] ?? name);
  const [command] = filled.split(/\s(?:#|>|&&|\|)\s?/);
  const words = command!.matchAll(/"([^"]*)"|'([^']*)'|((?:\\.|[^\s"'\\])+)/g);
  return [...words].map(([, double, single, bare]) => double ?? single ?? bare!.split(/\\?\|/)[0]!);
}

const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const shown = ["README.md", ...pages].flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/npm run ([a-z:]+) -- ([^`\n]+)/g)]
    .filter(([, script, args]) => SHORT_NAME.test(scripts[script!] ?? "") && !/\.\.\.$|\[/.test(args!))
    .map(([text, script, args]) => ({
      page,
      text,
      words: [...scripts[script!]!.split(" ").slice(2), ...wordsOf(args!)],
    })),
);

const programs = new Map<string, Command | undefined>();
/** The program that a command's file makes, with nothing to do. */
function programOf(entry: string): Command | undefined {
  if (programs.has(entry)) return programs.get(entry);
  jest.isolateModules(() => {
    const actual = jest.requireActual<object>("../../ops/terminal/command");
    const runCommand = (program: Command) => programs.set(entry, idle(program));
    jest.doMock("../../ops/terminal/command", () => ({ ...actual, runCommand }));
    jest.requireActual(join(root, entry));
  });
  return programs.get(entry);
}

function idle(command: Command): Command {
  command.exitOverride((error) => {
    throw error;
  });
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  command.commands.forEach(idle);
  return command;
}

// Days in examples are not over.
beforeAll(() => void jest.useFakeTimers({ now: new Date("2026-11-20T12:00:00Z"), advanceTimers: true }));
afterAll(() => void jest.useRealTimers());

/** Why `tollgate` would not take the words; undefined where it would. */
async function refusal(words: string[]): Promise<string | undefined> {
  const { stack, rest } = leadingStack(words);
  const found = findCommand(rest);
  if (!found) return rest[0] === "--help" ? undefined : "no such command";
  const { entry, remote } = found.command;
  const program = entry.startsWith("ops/") ? programOf(entry) : undefined;
  const own = stack === undefined || remote ? found.rest : ["--stack", stack, ...found.rest];
  try {
    await program?.parseAsync(own, { from: "user" });
  } catch (error) {
    const { message, code = "" } = error as Partial<CommanderError> & Error;
    // A sentence names a command without its arguments; an example names a file that is not here.
    const isName = /missing/.test(code) && own.length < 2;
    if (!isName && !/help/.test(code) && !message.includes("cannot be read")) return message;
  }
  return undefined;
}

test("takes every command that is shown", async () => {
  expect(shown.length).toBeGreaterThan(50);
  const wrong: string[] = [];
  for (const { page, text, words } of shown) {
    const message = await refusal(words);
    if (message) wrong.push(`${page}: ${text}: ${message}`);
  }
  expect(wrong).toEqual([]);
});
