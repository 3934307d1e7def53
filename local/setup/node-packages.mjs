import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./folders.mjs";
import { run, step } from "./steps.mjs";

/** Installs the npm packages when what is installed is not what package-lock.json says. */
export async function installNodePackages() {
  if (isInstalled()) return;
  await step("Installing the npm packages", () =>
    // No install scripts: none of these packages needs one to run, and they are where a compromised package starts.
    run(npm(), ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: repository }),
  );
}

/** npm writes the second file when an installation is complete; optional packages of other platforms are not in it. */
function isInstalled() {
  const locked = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(locked).every(([path, { version, optional }]) => {
    const there = installed[path]?.version;
    return path === "" || there === version || (optional && there === undefined);
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(repository, lockFile), "utf8")).packages;
  } catch {
    return {};
  }
}

function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}
