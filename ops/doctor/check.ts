import { execFile } from "node:child_process";
import type { z } from "zod";
import { EXIT } from "../terminal/command";

/** What a check found. `unknown`: it could not run, for the reason given. */
export interface Finding {
  step: string;
  state: "ok" | "missing" | "unknown";
  /** What was found. */
  found: string;
  /** The line to type; none where all is well. */
  remedy?: string;
}

/** Runs a command and returns its standard output. @throws Error with its standard error. */
export type Ask = (command: string, ...args: string[]) => Promise<string>;

/** The stack as its file has it: nothing here needs the program to accept it. */
export interface Subject {
  stack: string;
  project: string;
  projectNumber: string;
  region: string;
  /** Such as `europe-west1-docker.pkg.dev/tollgate-admin/tollgate`. */
  imageRegistry: string;
  /** IAM members who may run commands in the stack's jobs. */
  admins: string[];
  /** Whether people share Langfuse's password though the stack is one of production. */
  sharesPassword: boolean;
  /** What an update would say is missing in the configuration. */
  missing: string[];
  /** Values of the file that are those of the committed example. */
  examples: string[];
}

export interface Step {
  name: string;
  check(subject: Subject, ask: Ask): Promise<Omit<Finding, "step"> | Omit<Finding, "step">[]>;
}

export const ok = (found: string): Omit<Finding, "step"> => ({ state: "ok", found });
export const missing = (found: string, remedy: string): Omit<Finding, "step"> => ({
  state: "missing",
  found,
  remedy,
});

/** Runs every step; one that fails says why, and does not hide the others. */
export async function examine(steps: readonly Step[], subject: Subject, ask: Ask): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, check } of steps) {
    try {
      const found = await check(subject, ask);
      findings.push(...(Array.isArray(found) ? found : [found]).map((each) => ({ step: name, ...each })));
    } catch (error) {
      findings.push({ step: name, state: "unknown", found: reasonIn((error as Error).message) });
    }
  }
  return findings;
}

/** The command's exit code: what could not be checked is a failure, unless something is missing anyway. */
export function exitCodeOf(findings: Finding[]): number {
  const has = (state: Finding["state"]) => findings.some((finding) => finding.state === state);
  if (has("missing")) return EXIT.finding;
  return has("unknown") ? EXIT.failed : EXIT.ok;
}

/** The line that says why: warnings and advice may be around it. */
function reasonIn(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.find((line) => /^error/i.test(line)) ?? lines[0] ?? "no reason given";
}

/**
 * What a program of this machine answers as JSON.
 *
 * @throws Error that names the program when it is something else.
 */
export async function askJson<T>(ask: Ask, schema: z.ZodType<T>, ...line: [string, ...string[]]): Promise<T> {
  const text = await ask(...line);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`\`${line.slice(0, 4).join(" ")}\` does not answer as documented: update ${line[0]}`, {
      cause: error,
    });
  }
}

/** Asks a program of this machine. */
export const askProgram: Ask = (command, ...args) =>
  new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 2 ** 26, timeout: 60_000 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if ((error as NodeJS.ErrnoException).code === "ENOENT")
        return reject(new Error(`${command} is not installed`));
      const line = [command, ...args].slice(0, 4).join(" ");
      reject(
        new Error(
          error.killed ? `\`${line}\` does not answer in 60 s` : stderr.trim() || `\`${line}\` fails`,
        ),
      );
    });
  });
