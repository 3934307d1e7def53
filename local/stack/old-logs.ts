import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";

/** Puts the logs of the run before aside, as `<service>.previous.log`: a run's logs are its own, and two are kept. */
export function setOldLogsAside(folder: string = paths.logs): void {
  const logs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".log")) : [];
  for (const name of logs.filter((each) => !each.endsWith(".previous.log"))) {
    renameSync(join(folder, name), join(folder, name.replace(/\.log$/, ".previous.log")));
  }
}
