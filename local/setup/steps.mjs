import { spawn } from "node:child_process";

/** Runs one step of the set-up and reports its progress on standard error: standard output belongs to the command. */
export async function step(title, work) {
  const started = Date.now();
  const elapsed = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  console.error(`  ${title} ...`);
  const heartbeat = setInterval(() => console.error(`  ${title} ... still at it after ${elapsed()}`), 15_000);
  try {
    const result = await work();
    console.error(`  ${title}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

/** Waits for all, also when one fails, so that no step is left running behind an error message. */
export async function allOf(promises) {
  const results = await Promise.allSettled(promises);
  const failures = results.filter(({ status }) => status === "rejected").map(({ reason }) => reason.message);
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

/**
 * Runs a program to its end.
 *
 * @returns its standard output
 * @throws Error with the last lines of what it said when it fails.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    let said = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      said += chunk;
    });
    child.stderr.on("data", (chunk) => (said += chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve(output);
      const last = said.trim().split("\n").slice(-12).join("\n");
      reject(new Error(`\`${[command, ...args].join(" ")}\` ended with ${code}:\n${last}`));
    });
  });
}
