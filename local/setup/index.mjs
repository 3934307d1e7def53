import { installDebianTools } from "./debian-tools.mjs";
import { installNodePackages } from "./node-packages.mjs";
import { installPythonPackages } from "./python-packages.mjs";
import { allOf } from "./steps.mjs";

/**
 * Brings `node_modules/` and `.tollgate/` to what the lock files say. Each step looks first and does nothing when it has
 * nothing to do; a step that was interrupted starts over.
 *
 * @throws Error with what failed and the remedy.
 */
export async function setUp() {
  await allOf([installNodePackages(), installPythonPackages(), installDebianTools()]);
}

/** Brings `node_modules/` alone to what its lock file says. */
export async function setUpNode() {
  await installNodePackages();
}
