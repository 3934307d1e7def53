import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse, stringify } from "yaml";

const ROOT = join(__dirname, "..", "..");
const NEEDED = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-gcp", "pulumi-resource-random"];

/** Secrets as a stack has them; none of them may be printed. */
export const SECRET = "stand-in-value";
const SECRETS: Record<string, string> = {
  anthropicApiKey: SECRET,
  slackWebhookUrl: `https://hooks.slack.test/${SECRET}`,
  pagerdutyRoutingKey: SECRET,
  smtpPassword: SECRET,
};

/** Why there is no engine to test with; undefined when there is one. */
function missingEngine(): string | undefined {
  if (process.env["TOLLGATE_ENGINE"] !== "1") return "run it by `npm run test:engine`";
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const missing = NEEDED.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length > 0 ? `not on PATH: ${missing.join(", ")}` : undefined;
}

/** `describe` where an engine is; where none is, `describe.skip`, and the reason is printed. */
export function describeWithEngine(): jest.Describe {
  const missing = missingEngine();
  if (missing) console.log(`Tests with a real Pulumi engine are skipped: ${missing}`);
  return missing ? describe.skip : describe;
}

export interface Outcome {
  exitCode: number;
  text: string;
}

/** A stack in its own folder with a file backend: nothing of the machine's own Pulumi is touched. */
export class Workspace {
  private readonly folder = mkdtempSync(join(tmpdir(), "tollgate-engine-"));

  constructor(
    private readonly stack: string,
    private readonly extraEnv: Record<string, string> = {},
  ) {
    for (const name of ["state", "home"]) mkdirSync(join(this.folder, name));
    const project = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;
    writeFileSync(
      join(this.folder, "Pulumi.yaml"),
      stringify({ ...project, main: join(ROOT, "infra/index.ts") }),
    );
  }

  /** Makes the stack with its committed settings, changed by these, and with secrets that the engine encrypts. */
  async init(changes: Record<string, unknown>): Promise<void> {
    const { config } = parse(readFileSync(join(ROOT, `Pulumi.${this.stack}.yaml`), "utf8")) as {
      config: Record<string, unknown>;
    };
    writeFileSync(
      join(this.folder, `Pulumi.${this.stack}.yaml`),
      stringify({ config: { ...config, ...changes } }),
    );
    await this.mustRun("stack", "init", this.stack);
    for (const [key, value] of Object.entries(SECRETS))
      await this.mustRun("config", "set", "--secret", `tollgate:${key}`, value);
  }

  async set(key: string, value: string): Promise<void> {
    await this.mustRun("config", "set", "--path", key, value);
  }

  /** Runs `pulumi` and gives what it printed. */
  async run(...args: string[]): Promise<Outcome> {
    const selected = args[0] === "stack" ? [] : ["--stack", this.stack];
    const child = spawn("pulumi", [...args, ...selected, "--non-interactive"], {
      cwd: this.folder,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
        PULUMI_HOME: join(this.folder, "home"),
        PULUMI_CONFIG_PASSPHRASE: "a passphrase for one test",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_GCP_SKIP_REGION_VALIDATION: "true",
        GOOGLE_OAUTH_ACCESS_TOKEN: "stand-in",
        ...this.extraEnv,
      },
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    });
    return { exitCode, text };
  }

  async mustRun(...args: string[]): Promise<string> {
    const { exitCode, text } = await this.run(...args);
    if (exitCode !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${text.slice(-20000)}`);
    return text;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
