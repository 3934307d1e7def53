/**
 * Langfuse's own code as one file that runs here. What it imports from its own source is bundled, the libraries that its mapping
 * runs on are installed at its lock file's versions, and everything else (Prisma, Redis, blob stores, mail) is a stand-in that
 * does nothing: what the mapping needs of a database, `langfuse.ts` gives it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { parse } from "yaml";
import { CACHE, type Source } from "./source";

const LIBRARIES = [
  "@opentelemetry/api",
  "ajv",
  "ajv-formats",
  "date-fns",
  "decimal.js",
  "exponential-backoff",
  "jsonpath-plus",
  "lodash",
  "lossless-json",
  "lru-cache",
  "protobufjs",
  "uuid",
  "winston",
  "zod",
];

/** What the command runs of Langfuse. */
const ENTRY = `
  export {
    convertEventRecordToObservationForEval, mapEventEvalFilterColumnIdToField,
  } from "@langfuse/shared";
  export {
    createIngestionAttribution, eventsTracesAggregation, getLangfuseHeaderValue, InMemoryFilterService,
    OtelIngestionProcessor, validateOtelSpanIds,
  } from "@langfuse/shared/src/server";
  export {
    buildWidgetOrderBy, isV2BreakdownChart, toQueryChartConfig, validateQuery,
  } from "@langfuse/shared/query";
  export { prepareExecuteQuery } from "@langfuse/shared/query/server";
  export { IngestionService } from "@langfuse/worker/src/services/IngestionService";
  export { isTimeSeriesChart } from "@/src/features/widgets/chart-library/utils";
  export { $root as otlp } from "@/src/pages/api/public/otel/otlp-proto/generated/root";
`;

/**
 * Bundles Langfuse's mapping.
 *
 * @returns the file to load, after `globalThis.langfuseStandIn` and `globalThis.langfusePrisma` were set.
 * @throws Error where a library cannot be installed or the source has no such file.
 */
export async function bundleLangfuse(source: Source): Promise<string> {
  const folder = join(CACHE, `build-${source.version}`);
  mkdirSync(folder, { recursive: true });
  installLibraries(source, folder);
  const outfile = join(folder, "langfuse.cjs");
  await build({
    stdin: { contents: ENTRY, resolveDir: folder, sourcefile: "entry.ts", loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // Langfuse's tsconfig files extend packages of its workspace.
    tsconfigRaw: {},
    nodePaths: [join(folder, "node_modules")],
    logLevel: "error",
    plugins: [ownSource(source.folder), standIns(source.folder)],
  });
  return outfile;
}

function installLibraries(source: Source, folder: string): void {
  const { importers } = parse(readFileSync(join(source.folder, "pnpm-lock.yaml"), "utf8")) as {
    importers: Record<string, { dependencies?: Record<string, { version: string }> }>;
  };
  const wanted = LIBRARIES.map((name) => {
    const [locked] = ["packages/shared", "worker", "web"].flatMap(
      (part) => importers[part]?.dependencies?.[name] ?? [],
    );
    return locked ? `${name}@${locked.version.replace(/\(.*/, "")}` : name;
  });
  const marker = join(folder, "installed");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted.join(" ")) return;
  writeFileSync(join(folder, "package.json"), "{}");
  const npm = spawnSync(
    "npm",
    ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...wanted],
    { encoding: "utf8" },
  );
  if (npm.status !== 0) throw new Error(npm.stderr || String(npm.error));
  writeFileSync(marker, wanted.join(" "));
}

const PARTS: [name: RegExp, folder: string][] = [
  [/^@langfuse\/shared$/, "packages/shared/src/index"],
  [/^@langfuse\/shared\/src/, "packages/shared/src"],
  [/^@langfuse\/shared\/query/, "packages/shared/src/features/query"],
  [/^@langfuse\/shared\//, "packages/shared/src/"],
  [/^@langfuse\/worker/, "worker"],
  [/^@\/src/, "web/src"],
];

/** Langfuse's packages and path names, from its source. */
function ownSource(folder: string): Plugin {
  return {
    name: "own-source",
    setup({ onResolve }) {
      onResolve({ filter: /^(@langfuse\/|@\/src)/ }, ({ path }) => {
        const [name, place] = PARTS.find(([pattern]) => pattern.test(path)) ?? [];
        if (!name || place === undefined) return undefined;
        const base = join(folder, path.replace(name, place));
        const file = [base, `${base}.ts`, `${base}.tsx`, `${base}.mjs`, join(base, "index.ts")].find(
          (candidate) => existsSync(candidate) && statSync(candidate).isFile(),
        );
        return file ? { path: file } : { errors: [{ text: `Langfuse's source has no ${base}` }] };
      });
    },
  };
}

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const isLibrary = (path: string) => LIBRARIES.some((name) => path === name || path.startsWith(`${name}/`));

/** Everything that Langfuse's files import and the mapping does not need. */
function standIns(folder: string): Plugin {
  return {
    name: "stand-ins",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
        if (!importer.startsWith(folder) || isLibrary(path) || builtins.has(path)) return undefined;
        return { path, namespace: "stand-in" };
      });
      onLoad({ filter: /^@prisma\/client/, namespace: "stand-in" }, () => ({
        contents: prismaModule(join(folder, "packages/shared/prisma/schema.prisma")),
      }));
      onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({
        contents: `module.exports = globalThis.langfuseStandIn(${JSON.stringify(path)});`,
      }));
    },
  };
}

/** The enumerations of Langfuse's schema, and a client that `langfuse.ts` gives. */
function prismaModule(schema: string): string {
  const enumerations = readFileSync(schema, "utf8").matchAll(/^enum (\w+) \{([^}]*)\}/gm);
  const constants = [...enumerations].map(([, name, body = ""]) => {
    const values = [...body.matchAll(/^\s+(\w+)/gm)].map(([, value]) => [value, value]);
    return `export const ${name} = ${JSON.stringify(Object.fromEntries(values))};`;
  });
  return [...constants, "export const { Prisma, PrismaClient } = globalThis.langfusePrisma;"].join("\n");
}
