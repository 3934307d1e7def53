/**
 * `npm run bundle`: bundles the programs of the services' image to `services/dist/`, one file each with its source map, and the
 * text files that they read. The image is built from that folder alone.
 */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { programs } from "../catalogue";

const root = join(__dirname, "..");

/** Folders of text that programs read at run time; they keep their place in the repository. */
const ASSETS = ["app/prompts", "dashboards/langfuse/evaluators"];

/** A source file's own folder is its place in the bundle, so that it finds its text files there. */
const sourceFolders: Plugin = {
  name: "source-folders",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes("__dirname")) return undefined;
      const folder = JSON.stringify(relative(root, dirname(path)));
      const contents = source.replaceAll("__dirname", `require("node:path").join(__dirname, ${folder})`);
      return { contents, loader: "ts" };
    }),
};

/**
 * Bundles every program.
 *
 * @param outdir The folder to write, made anew. Default `services/dist`.
 * @returns what esbuild knows of the inputs and outputs.
 */
export async function bundle(outdir = join(root, "services", "dist")): Promise<Metafile> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([out, source]) => ({ in: source, out })),
    outdir,
    bundle: true,
    platform: "node",
    // The oldest Node that the project supports.
    target: "node20.20",
    minify: true,
    // Errors and logs name classes and functions.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "warning",
    plugins: [sourceFolders],
  });
  for (const folder of ASSETS) {
    cpSync(join(root, folder), join(outdir, folder), {
      recursive: true,
      filter: (path) => !path.endsWith(".ts"),
    });
  }
  return metafile;
}

if (require.main === module) {
  bundle().then(
    ({ outputs }) => {
      for (const [file, { bytes }] of Object.entries(outputs)) console.log(`${file} ${bytes} bytes`);
    },
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
