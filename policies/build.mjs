/** Bundles the pack with all that it needs of the repository: `npm pack` and `pulumi policy publish` run it. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const dist = join(folder, "dist");
const rendered = join(folder, "generated");
for (const made of [dist, rendered]) rmSync(made, { recursive: true, force: true });

if (!process.argv.includes("--clean")) {
  const { build } = await import("esbuild");
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  await build({
    entryPoints: [join(folder, "index.ts")],
    outfile: join(dist, "index.cjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // The engine starts the pack with its own copies of these.
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    logLevel: "warning",
  });
  // Files that the sources read from their own folders: prices, and native files.
  const NATIVE = [
    ["infra/cost", /^prices\.json$/, "."],
    ["infra/config-files/clickhouse", /\.xml$/, "clickhouse"],
    ["dashboards/alloy", /\.alloy$/, "."],
    ["dashboards/alertmanager/templates", /\.tmpl$/, "templates"],
    ["infra/config-files/prometheus", /\.sh$/, "prometheus"],
    ["infra/config-files/router", /\.template$/, "router"],
    ["components/machine", /\.(sh|service|timer)$/, "."],
    ["components/clickhouse", /\.(sh|sql|service|timer)$/, "."],
    ["components/compose-machine", /\.(sh|service|conf)$/, "."],
  ];
  for (const [from, names, to] of NATIVE) {
    mkdirSync(join(dist, to), { recursive: true });
    for (const name of readdirSync(join(folder, "..", from)).filter((each) => names.test(each)))
      copyFileSync(join(folder, "..", from, name), join(dist, to, name));
  }
  // What a machine is given as it is committed; plans are for people.
  const committed = join(folder, "..", "generated");
  for (const name of readdirSync(committed).filter((each) => each !== "plan"))
    cpSync(join(committed, name), join(rendered, name), { recursive: true });
}
