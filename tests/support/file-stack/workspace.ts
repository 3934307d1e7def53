import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";

const REPOSITORY = join(__dirname, "..", "..", "..");
const NEEDED = [
  "pulumi",
  "pulumi-language-nodejs",
  "pulumi-resource-random",
  "pulumi-resource-pulumi-nodejs",
];

/** What is not on PATH for a real engine that runs `index.ts`. */
export function missingForFileStack(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NEEDED.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
}

/** A stack `prod` of `index.ts` in its own folder with a file backend, for the Automation API. */
export class FileStack {
  readonly root = mkdtempSync(join(tmpdir(), "tollgate-file-stack-"));
  readonly notes = join(this.root, "notes.json");
  readonly env = {
    PULUMI_BACKEND_URL: `file://${join(this.root, "state")}`,
    PULUMI_HOME: join(this.root, "home"),
    PULUMI_CONFIG_PASSPHRASE: "a passphrase for one test",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };

  constructor() {
    for (const name of ["state", "home", "policies"]) mkdirSync(join(this.root, name));
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.root, "node_modules"));
    this.writePolicies();
    writeFileSync(
      join(this.root, "Pulumi.yaml"),
      stringify({ name: "notes", runtime: "nodejs", main: join(__dirname, "index.ts") }),
    );
    this.configure({});
    const { status, stderr } = spawnSync("pulumi", ["stack", "init", "prod"], {
      cwd: this.root,
      env: { ...process.env, ...this.env },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
  }

  /** A pack that refuses notes of somebody else's. */
  private writePolicies(): void {
    const policies = {
      "PulumiPolicy.yaml": "runtime: nodejs\n",
      "package.json": JSON.stringify({ name: "notes-policies", version: "1.0.0", main: "index.js" }),
      "index.js": `
        const { PolicyPack } = require("@pulumi/policy");
        new PolicyPack("notes", {
          policies: [{
            name: "owned-by-platform",
            description: "Notes are the platform team's.",
            enforcementLevel: "mandatory",
            validateResource: ({ props }, report) => {
              if (props.owner && props.owner !== "platform") report("The owner is " + props.owner);
            },
          }],
        });`,
    };
    for (const [name, text] of Object.entries(policies))
      writeFileSync(join(this.root, "policies", name), text);
  }

  /** Changes the program, by its configuration. */
  configure(settings: Record<string, unknown>): void {
    const config = { "notes:folder": this.root, ...settings };
    writeFileSync(join(this.root, "Pulumi.prod.yaml"), stringify({ config }));
  }

  /** Changes the file past the engine. */
  edit(change: object): void {
    const notes = JSON.parse(readFileSync(this.notes, "utf8")) as object;
    writeFileSync(this.notes, JSON.stringify({ ...notes, ...change }));
  }

  removeFile(): void {
    rmSync(this.notes);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
