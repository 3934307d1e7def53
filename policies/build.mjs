/** Bundles the pack with all that it needs of the repository: `npm pack` and `pulumi policy publish` run it. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const dist = join(folder, "dist");
rmSync(dist, { recursive: true, force: true });

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
  mkdirSync(dist, { recursive: true });
  // The estimate reads its prices from beside itself.
  copyFileSync(join(folder, "..", "infra", "cost", "prices.json"), join(dist, "prices.json"));
}
