import type { KnipConfig } from "knip";
import { commands } from "./cli/commands.mjs";

/** Programs that a command does not start: the services, the policy pack, and what tests run as a process. */
const programs = [
  "app/main.ts",
  "ops/ledger-exporter/main.ts",
  "ops/drill/check.ts",
  "ops/remote/answer.ts",
  "ops/remote/main.ts",
  "simulator/main.ts",
  "local/otlp-sink/main.ts",
  "local/dashboards/viewer/main.ts",
  "policies/index.ts",
  "policies/build.mjs",
  // Named by its path on Node's command line.
  "local/setup/no-serialiser.mjs",
  "simulator/vertex/reduce-contract.ts",
  "tests/support/discovery/prune.ts",
  "tests/policy/mutants/report.ts",
  "tests/langfuse/mapping/eventful.ts",
  "tests/**/*.test.ts",
  "tests/support/file-stack/index.ts",
  "tests/policy/no-cost.ts",
];

const config: KnipConfig = {
  workspaces: {
    ".": {
      entry: [...programs, ...Object.values(commands).map(({ entry }) => entry)],
      project: ["**/*.{ts,mjs,mts}", "!local/dashboards/viewer/page/**"],
    },
  },
  ignore: ["cli/commands.d.mts"],
  // The services' dependencies are in their own package; a type may be exported for its readers alone.
  include: ["files", "exports"],
  ignoreExportsUsedInFile: true,
};

export default config;
