/**
 * Pulumi's SDK loads npm's dependency resolver and the TypeScript compiler to serialise functions, which no command does. Without
 * them a command starts about a second earlier.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);
const fromPulumi = createRequire(require.resolve("@pulumi/pulumi"));
for (const name of ["@npmcli/arborist", "typescript"]) {
  const file = fromPulumi.resolve(name);
  require.cache[file] = Object.assign(new Module(file), { filename: file, loaded: true });
}
