import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tools } from "./folders.mjs";

const installed = "/usr/share/prometheus/alertmanager";
/** As long as the path above, and relative: it leads to the unpacked files where `<tools>/usr` is the working directory. */
const unpacked = ".//./share/prometheus/alertmanager";

/**
 * Debian's Alertmanager reads its own templates from a fixed path, where only root could put them. The unpacked copy is made
 * to read them from its working directory instead; `local/target/kinds.ts` starts it there.
 */
export function relocateAlertmanager() {
  const program = join(tools, "usr", "bin", "prometheus-alertmanager");
  const binary = readFileSync(program);
  for (let at = binary.indexOf(installed); at !== -1; at = binary.indexOf(installed, at)) {
    binary.write(unpacked, at, "latin1");
  }
  writeFileSync(program, binary);
}
