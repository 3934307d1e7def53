import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { tools } from "./folders.mjs";
import { relocateAlertmanager } from "./relocate-alertmanager.mjs";
import { run, step } from "./steps.mjs";

/** Programs that no package registry but Debian's has; the packages bring promtool and amtool along. */
const packages = ["prometheus", "prometheus-alertmanager"];
/** Written last; it holds the reason when the packages could not be had, and stops the next start from trying again. */
const outcome = join(tools, "outcome.txt");

/**
 * Unpacks Prometheus and Alertmanager from Debian's packages, without installing them. They are optional: where this does
 * not work the stack runs without them and its table says why.
 */
export async function installDebianTools() {
  const missing = packages.filter((name) => !onPath(name) && !onPath(name.replace("prometheus-", "")));
  if (missing.length === 0 || existsSync(outcome)) return;
  await step(`Unpacking ${missing.join(" and ")} from Debian's packages`, async () => {
    rmSync(tools, { recursive: true, force: true });
    mkdirSync(join(tools, "apt", "lists", "partial"), { recursive: true });
    const reason = await unpack(missing).then(
      () => "",
      (error) => String(error.message).split("\n")[0],
    );
    rmSync(join(tools, "apt"), { recursive: true, force: true });
    if (reason) console.error(`  Going on without ${missing.join(" and ")}: ${reason}`);
    writeFileSync(outcome, reason);
  });
}

async function unpack(missing) {
  if (!onPath("apt-get") || !onPath("dpkg-deb")) throw new Error("this machine has no apt-get");
  await download(missing).catch(async () => {
    await run("apt-get", [...ownLists(), "update"]);
    await download(missing, ownLists());
  });
  for (const file of readdirSync(tools).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["-x", join(tools, file), tools]);
    rmSync(join(tools, file));
  }
  if (missing.includes("prometheus-alertmanager")) relocateAlertmanager();
}

function download(names, options = []) {
  return run("apt-get", [...options, "-o", "APT::Sandbox::User=root", "download", ...names], { cwd: tools });
}

/** Package lists in our own folder: the machine's may be missing, and only root may fetch those. */
function ownLists() {
  const folder = join(tools, "apt");
  return ["-o", `Dir::State::lists=${join(folder, "lists")}`, "-o", `Dir::Cache=${folder}`];
}

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
