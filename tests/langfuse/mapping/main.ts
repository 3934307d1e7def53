/**
 * `npm run test:langfuse [-- --record]`: what Langfuse makes of a conversation. Its own code maps the requests that agent and
 * gateway sent for `npm start`'s sample conversation (`recorded.json`), ClickHouse's engine stores the rows in Langfuse's own
 * tables, and Langfuse's own queries read traces and dashboards from them. All that must be as `expected.json` says.
 *
 * Langfuse's source comes from GitHub's archive of the images' release, or from the folder that TOLLGATE_LANGFUSE_SOURCE names.
 * Exit codes: 0 as expected, 1 it did not run, 2 wrong usage, 3 a difference.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { format } from "prettier";
import { pc } from "../../../ops/terminal/colours";
import { EXIT, runCommand, tollgateCommand } from "../../../ops/terminal/command";
import { bundleLangfuse } from "./bundle";
import { runClickhouse } from "./clickhouse";
import { Langfuse, type Recorded } from "./langfuse";
import { outcomeOf } from "./outcome";
import { record } from "./record";
import { langfuseSource, PINNED } from "./source";

const RECORDED = join(__dirname, "recorded.json");
const EXPECTED = join(__dirname, "expected.json");

async function main({ record: anew }: { record: boolean }): Promise<void> {
  const source = await langfuseSource();
  console.log(`Langfuse ${source.version}${source.version === PINNED ? "" : ` (the image is ${PINNED})`}`);
  if (anew) write(RECORDED, await record());
  const langfuse = new Langfuse(await bundleLangfuse(source));
  const requests = JSON.parse(readFileSync(RECORDED, "utf8")) as Recorded[];
  const outcome = await outcomeOf(langfuse, requests, (tables, queries) =>
    runClickhouse(source, tables, queries),
  );
  if (anew) write(EXPECTED, await format(JSON.stringify(outcome), { parser: "json", printWidth: 110 }));
  const expected = existsSync(EXPECTED) ? (JSON.parse(readFileSync(EXPECTED, "utf8")) as unknown) : {};
  const differences = differencesOf(expected, JSON.parse(JSON.stringify(outcome)));
  for (const each of differences) console.log(pc.red(each));
  const { rows, traces, tiles, judged } = outcome;
  console.log(
    `${rows.length} rows, ${traces.length} traces, ${Object.keys(tiles).length} tiles, ${Object.keys(judged).length} judges on ClickHouse ${outcome.clickhouse}: ` +
      (differences.length === 0 ? "as expected" : `${differences.length} differences from ${EXPECTED}`),
  );
  if (differences.length > 0) process.exitCode = EXIT.finding;
}

function write(file: string, content: unknown): void {
  writeFileSync(file, typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`);
}

/** Every value that differs, with its place. */
function differencesOf(expected: unknown, actual: unknown, place = ""): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  const isParent = (value: unknown): value is Record<string, unknown> =>
    value !== null && typeof value === "object";
  if (!isParent(expected) || !isParent(actual))
    return [`${place}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`];
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  return names.flatMap((name) =>
    differencesOf(expected[name], actual[name], place === "" ? name : `${place}.${name}`),
  );
}

runCommand(
  tollgateCommand("test:langfuse", "What Langfuse makes of a conversation, by its own code and tables.")
    .option("--record", "hold a conversation, and take its requests and their outcome as expected", false)
    .action(main),
);
