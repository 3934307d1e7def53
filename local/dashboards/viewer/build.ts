import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { workFolder } from "../../../ops/workspace/paths";
// @ts-expect-error plain Node: it runs before TypeScript is installed
import { installPackagesOf } from "../../setup/node-packages.mjs";

const page = join(__dirname, "page");
const built = join(workFolder, "viewer");

/** An editor and maps, which no panel uses: three quarters of the page. */
const LEFT_OUT = /^(monaco-editor|ol)(\/|$)/;

/**
 * Builds the viewer's page unless what is built is of these sources: installs its packages (about 450 MB, a minute) and bundles
 * them.
 *
 * @returns the folder of the built page
 * @throws Error with what npm or the bundler says.
 */
export async function buildPage(): Promise<string> {
  const stamp = join(built, "built-from");
  const sources = hashOfSources();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return built;
  await installPackagesOf(page, "Installing the viewer's packages (Grafana's components)");
  const next = `${built}.next`;
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  await build({
    entryPoints: [join(page, "main.tsx")],
    outdir: next,
    bundle: true,
    minify: true,
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    plugins: [leaveOut],
    logLevel: "silent",
  });
  cpSync(join(page, "index.html"), join(next, "index.html"));
  const icons = join(page, "node_modules/@grafana/ui/dist/public/img/icons");
  cpSync(icons, join(next, "build/img/icons"), { recursive: true });
  writeFileSync(join(next, "built-from"), sources);
  rmSync(built, { recursive: true, force: true });
  renameSync(next, built);
  return built;
}

const leaveOut: Plugin = {
  name: "leave-out",
  setup(bundler) {
    bundler.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: "left-out" }));
    // CommonJS: a name that is imported from it is undefined rather than an error.
    bundler.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "module.exports = {}" }));
  },
};

function hashOfSources(): string {
  const files = readdirSync(page, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash("sha256");
  for (const file of [...files, __filename].sort()) hash.update(readFileSync(file));
  return hash.digest("hex");
}
