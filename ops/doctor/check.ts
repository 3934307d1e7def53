import { execFile } from "node:child_process";

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
      const [reason = ""] = (error as Error).message.trim().split("\n");
      findings.push({ step: name, state: "unknown", found: reason });
    }
  }
  return findings;
}

/** Asks a program of this machine. */
export const askProgram: Ask = (command, ...args) =>
  new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 2 ** 26, timeout: 60_000 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
      reject(new Error(absent ? `${command} is not installed` : stderr || error.message));
    });
  });
