import { join } from "node:path";
import { ports } from "../../catalogue";
import { completeValues, type SecretValues } from "../../catalogue/secret-values";
import type { Machine } from "../../local/target";
import { freePort } from "./gateway/ports";

/**
 * This machine for a test: its own folder, and a free port for each of the catalogue's.
 *
 * @param values Secrets that the test knows; the others are drawn.
 */
export async function testMachine(folder: string, values: SecretValues = {}): Promise<Machine> {
  const free = new Map<number, number>();
  for (const port of new Set(Object.values(ports))) free.set(port, await freePort());
  return {
    data: folder,
    logFile: (name) => join(folder, `${name}.log`),
    port: (catalogued) => free.get(catalogued) ?? catalogued,
    values: { ...completeValues({}), ...values },
  };
}
