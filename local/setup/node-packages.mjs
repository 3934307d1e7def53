import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./folders.mjs";
import { run, step } from "./steps.mjs";

/** Installs the npm packages when what is installed is not what package-lock.json says. */
export async function installNodePackages() {
  await installPackagesOf(repository, "Installing the npm packages");
}

/** Installs the npm packages of a folder when what is installed is not what its package-lock.json says. */
export async function installPackagesOf(folder, title) {
  if (isInstalled(folder)) return;
  await step(title, () =>
    // No install scripts: none of these packages needs one to run, and they are where a compromised package starts.
    run(npm(), ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder }),
  );
}

/** npm writes the second file when an installation is complete; optional packages of other platforms are not in it. */
function isInstalled(folder) {
  const locked = packagesOf(join(folder, "package-lock.json"));
  const installed = packagesOf(join(folder, "node_modules/.package-lock.json"));
  return Object.entries(locked).every(([path, { version, optional }]) => {
    const there = installed[path]?.version;
    return path === "" || there === version || (optional && there === undefined);
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return {};
  }
}

function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}
