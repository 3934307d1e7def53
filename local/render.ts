/** `tollgate render [--check]`: writes every rendered file under `generated/`. With `--check`, exit code 3 when one is stale. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderAlertmanagerFiles } from "../dashboards/alertmanager";
import { renderAlloyFiles } from "../dashboards/alloy";
import { renderGrafanaFiles } from "../dashboards/grafana";
import { renderLokiFiles } from "../dashboards/loki/config";
import { renderLangfuseFiles } from "../dashboards/langfuse";
import { renderPrometheusFiles } from "../dashboards/prometheus";
import { renderTempoFiles } from "../infra/config-files/tempo";
import { renderPlanFiles } from "../infra/plan/golden";
import { renderGatewayFiles } from "../litellm-config/render";
import { composeFolder, RENDERED_FOLDERS, renderComposeFiles } from "../infra/compose";
import { EXIT, runCommand, tollgateCommand } from "../ops/terminal/command";

/** What a part renders: text by path relative to `generated/`. */
export type RenderedFiles = Record<string, string>;

/** A part's renderer, and the folder of `generated/` that it owns: files there that it does not render are removed. */
interface Renderer {
  folder: string;
  render: () => RenderedFiles | Promise<RenderedFiles>;
}

const renderers: Renderer[] = [
  { folder: "gateway", render: renderGatewayFiles },
  { folder: "prometheus", render: renderPrometheusFiles },
  { folder: "alertmanager", render: renderAlertmanagerFiles },
  { folder: "grafana", render: renderGrafanaFiles },
  { folder: "loki", render: renderLokiFiles },
  { folder: "alloy", render: renderAlloyFiles },
  { folder: "langfuse", render: renderLangfuseFiles },
  { folder: "tempo", render: renderTempoFiles },
  { folder: "compose", render: renderComposeFiles },
  ...RENDERED_FOLDERS.map((folder) => ({ folder, render: () => under(folder, composeFolder(folder)) })),
  // Last: a plan holds the hashes of what is rendered before it.
  { folder: "plan", render: renderPlanFiles },
];

const generated = join(__dirname, "..", "generated");

/** Paths (relative to `generated/`) whose committed text differs from what the definitions give now. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = [];
  for (const { folder, render } of renderers) {
    const files = await render();
    stale.push(
      ...Object.keys(files).filter((path) => readText(path) !== files[path]),
      ...filesUnder(folder).filter((path) => !(path in files)),
    );
  }
  return stale;
}

async function renderAll(): Promise<void> {
  for (const { folder, render } of renderers) {
    const files = await render();
    for (const path of filesUnder(folder)) if (!(path in files)) rmSync(join(generated, path));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(generated, path)), { recursive: true });
      writeFileSync(join(generated, path), text);
    }
  }
}

function under(folder: string, files: RenderedFiles): RenderedFiles {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}

function readText(path: string): string | undefined {
  const file = join(generated, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function filesUnder(folder: string): string[] {
  const root = join(generated, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(generated.length + 1));
}

async function checkAll(): Promise<void> {
  const stale = await staleFiles();
  for (const path of stale)
    console.error(`generated/${path} is stale: run \`npm run render\` and commit the result`);
  if (stale.length > 0) process.exitCode = EXIT.finding;
}

if (require.main === module) {
  runCommand(
    tollgateCommand("render", "Write generated/ from the definitions.")
      .option("--check", "write nothing; exit code 3 when a file is stale")
      .action(({ check }: { check?: boolean }) => (check ? checkAll() : renderAll())),
  );
}
