import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository, venv, workFolder } from "./folders.mjs";
import { run, step } from "./steps.mjs";

const lock = join(repository, "local", "requirements.lock");
const installerLock = join(repository, "local", "installer.lock");
/** Written last: a virtual environment without it is an interrupted one. */
const stamp = join(venv, "complete.sha256");

/**
 * Creates the virtual environment with LiteLLM, the guard's dependencies, the Redis server and pytest, every package by
 * hash and none built from source.
 *
 * @throws Error when there is no Python 3.10 or later, or the installation fails.
 */
export async function installPythonPackages() {
  // The folder's path is in the scripts of a virtual environment: a moved one is another one.
  const wanted = createHash("sha256").update(readFileSync(lock)).update(venv).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const interpreter = await findPython();
  await step("Installing LiteLLM and the other Python packages", async () => {
    rmSync(venv, { recursive: true, force: true });
    mkdirSync(workFolder, { recursive: true });
    await createVenv(interpreter);
    await install();
    writeFileSync(stamp, wanted);
  });
}

async function findPython() {
  const tried = [];
  for (const command of [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python",
  ]) {
    const version = await run(command, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).catch(
      () => "",
    );
    const [major, minor] = version.trim().split(".").map(Number);
    if (major === 3 && minor >= 10 && minor <= 14) return command;
    if (version) tried.push(`${command} is ${version.trim()}`);
  }
  throw new Error(
    `LiteLLM needs Python 3.10 to 3.14, found ${tried.join(", ") || "none"}: install one (Debian: apt-get install python3 python3-venv)`,
  );
}

async function createVenv(interpreter) {
  try {
    await run(interpreter, ["-m", "venv", venv]);
  } catch (error) {
    throw new Error(
      `${interpreter} cannot create a virtual environment (Debian: apt-get install python3-venv): ${error.message}`,
    );
  }
}

/** uv takes 3 s where pip takes 100 s, so uv comes first and pip only where uv cannot be had. */
async function install() {
  const python = join(venv, "bin", "python");
  // Byte code is compiled now: without it LiteLLM takes 24-40 s to start instead of 5-8 s.
  const env = { ...process.env, UV_PYTHON_DOWNLOADS: "never" };
  delete env.PYTHONDONTWRITEBYTECODE;
  const pip = (...args) => run(python, ["-m", "pip", "install", "--quiet", ...args], { env });
  const options = ["--require-hashes", "--only-binary", ":all:", "-r"];
  const uv = await pip(...options, installerLock).then(
    () => join(venv, "bin", "uv"),
    () => undefined,
  );
  if (!uv) return pip(...options, lock);
  await run(uv, ["pip", "install", "--python", python, "--compile-bytecode", ...options, lock], { env });
}
