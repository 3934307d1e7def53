import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";

/** Renames the logs of the previous run to `<service>.previous.log`, so that each run has its own; two are kept. */
export function setOldLogsAside(folder: string = paths.logs): void {
  const logs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".log")) : [];
  for (const name of logs.filter((each) => !each.endsWith(".previous.log"))) {
    renameSync(join(folder, name), join(folder, name.replace(/\.log$/, ".previous.log")));
  }
}
