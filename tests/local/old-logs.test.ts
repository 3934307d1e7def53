import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setOldLogsAside } from "../../local/stack/old-logs";

it("keeps the logs of one run before this one", () => {
  const folder = mkdtempSync(join(tmpdir(), "logs-"));
  for (const run of ["first", "second"]) {
    writeFileSync(join(folder, "agent.log"), run);
    setOldLogsAside(folder);
  }
  expect(readdirSync(folder)).toEqual(["agent.previous.log"]);
  expect(readFileSync(join(folder, "agent.previous.log"), "utf8")).toBe("second");
  expect(() => setOldLogsAside(join(folder, "absent"))).not.toThrow();
  rmSync(folder, { recursive: true });
});
