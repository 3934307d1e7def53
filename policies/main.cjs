/* eslint-disable @typescript-eslint/no-require-imports -- the engine requires a CommonJS file */
const { existsSync } = require("node:fs");
const { join } = require("node:path");

/** Errors whose message says all that there is to mend: a stack trace would only hide it. */
const READABLE = ["DefinitionError", "PriceListError"];

// A package carries the bundle that `npm pack` makes; a checkout runs its sources.
const bundle = join(__dirname, "dist", "index.cjs");
try {
  if (existsSync(bundle)) require(bundle);
  else {
    require("tsx/cjs");
    require("./index.ts");
  }
} catch (error) {
  if (!READABLE.includes(error?.name)) throw error;
  console.error(error.message);
  process.exit(1);
}
