import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { definitionsHash } from "../../infra/definitions-hash";
import { definitions } from "../../litellm-config";
import { promote, type Options, type Dependencies } from "../../ops/promote/command";
import type { Health } from "../../ops/promote/health";
import { PromotionRecord, type Promotion } from "../../ops/promote/record";
import type { Proposal } from "../../ops/promote/prepare";
import { StackFile, type Release } from "../../ops/promote/stack-file";
import { RunProject, type CloudRunStandIn, type Template } from "../support/cloud-run";

const REPOSITORY = join(__dirname, "..", "..");
export const HASH = definitionsHash(definitions);
const REGISTRY = "europe-west1-docker.pkg.dev/tollgate-dev/tollgate";

export const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
export const OLD: Release = { images: { agent: digest("a"), gateway: digest("b") }, definitionsHash: HASH };
export const NEW: Release = { images: { agent: digest("d"), gateway: digest("e") }, definitionsHash: HASH };

/** The services of a release, as the program deploys them. */
export function templates({ images }: Release): Record<string, Template> {
  const image = (name: "agent" | "gateway") => `${REGISTRY}/${name}@${images[name]}`;
  return {
    "tollgate-agent": { image: image("agent") },
    "tollgate-gateway": { image: image("gateway"), folder: `gateway/${HASH}` },
    "tollgate-ledger-exporter": { image: image("agent") },
  };
}

export function deploy(project: RunProject, release: Release): void {
  for (const [id, template] of Object.entries(templates(release))) project.deploy(id, template);
}

/** A checkout whose prod runs `OLD`, promoted before, and whose dev has proven `NEW`. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), "tollgate-promote-"));
  readonly said: string[] = [];
  proposal?: Proposal;
  /** What the health gate finds while the new revisions have some share of the agent's traffic. */
  findings: (percent: number) => string[] = () => [];
  /** Called after each service that an update changes. */
  updated: () => void = () => undefined;
  /** Wraps what the promotion reaches for; the tests inject crashes here. */
  wrap: <T extends object>(port: T, name: string) => T = (port) => port;

  constructor(
    readonly dev: CloudRunStandIn,
    readonly prod: CloudRunStandIn,
    template: string,
  ) {
    for (const stack of [dev, prod]) {
      stack.project = new RunProject();
      stack.calls.length = 0;
      stack.fail = () => undefined;
      stack.slowOperations = false;
    }
    cpSync(template, this.root, { recursive: true });
    deploy(dev.project, NEW);
    deploy(prod.project, OLD);
    prod.project.shifts.length = 0;
  }

  get stackFile(): StackFile {
    return new StackFile("prod", this.root);
  }

  get record(): PromotionRecord {
    return new PromotionRecord("prod", this.root);
  }

  get last(): Promotion {
    return this.record.all().at(-1)!;
  }

  /** Percent of the agent's traffic that its newest revision has. */
  get percent(): number {
    const { project } = this.prod;
    return project.traffic("tollgate-agent")[project.newest("tollgate-agent")] ?? 0;
  }

  dependencies(changes: Partial<Dependencies> = {}): Dependencies {
    const health: Health = { findings: () => Promise.resolve(this.findings(this.percent)) };
    return {
      root: this.root,
      cloudRun: (stack) => this.wrap((stack === "dev" ? this.dev : this.prod).client(), stack),
      engine: () => this.wrap({ up: () => this.up() }, "engine"),
      health: () => health,
      watch: (look) => look(),
      say: (line) => this.said.push(line),
      show: (proposal) => (this.proposal = proposal),
      ...changes,
    };
  }

  promote(
    options: Partial<Options> = {},
    changes: Partial<Dependencies> = {},
  ): Promise<Promotion | undefined> {
    return promote({ from: "dev", to: "prod", ...options }, this.dependencies(changes));
  }

  /** What `pulumi up` makes of the stack's file; it fails when a revision does not become ready. */
  async up(): Promise<void> {
    const file = this.stackFile;
    const serving = (file.config()["tollgate:serving"] ?? {}) as Record<string, string>;
    const failed: string[] = [];
    for (const [id, template] of Object.entries(templates(file.release()))) {
      const ready = this.prod.project.deploy(id, template, serving[id.replace("tollgate-", "")]);
      if (!ready) failed.push(id);
      this.updated();
    }
    if (failed.length > 0) throw new Error(`Resource ${failed[0]} is not ready`);
  }

  /** Percent of the agent's new revision, in the order it was given. */
  shares(): number[] {
    return this.prod.project.shifts
      .filter(({ service }) => service === "tollgate-agent")
      .map(({ traffic }) => traffic["tollgate-agent-00002"] ?? 0);
  }

  /** Asserts that the cloud, the stack's file and the record agree on a release, with nothing of the promotion left. */
  expectAt(release: Release, state: Promotion["state"]): void {
    for (const [id, template] of Object.entries(templates(release)))
      expect([id, this.prod.project.servedTemplate(id)]).toEqual([id, template]);
    expect(this.prod.project.annotations("tollgate-gateway")).toEqual({});
    expect(this.stackFile.release()).toEqual(release);
    expect(this.stackFile.config()).not.toHaveProperty("tollgate:serving");
    expect(this.last.state).toBe(state);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  commit(): void {
    commitAll(this.root);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A git checkout with the stacks' files, where prod was promoted to `OLD`; worlds are copies of it. */
export function checkout(): string {
  const root = mkdtempSync(join(tmpdir(), "tollgate-checkout-"));
  for (const stack of ["dev", "prod"]) {
    const name = `Pulumi.${stack}.yaml`;
    const text = readFileSync(join(REPOSITORY, name), "utf8");
    // The committed file may name a release one day: these worlds begin without.
    const { config } = parse(text) as { config: Record<string, unknown> };
    const named = "tollgate:images" in config || "tollgate:definitionsHash" in config;
    writeFileSync(join(root, name), named ? stringify({ config }) : text);
  }
  writeFileSync(join(root, ".gitignore"), ".tollgate/\n");
  new StackFile("prod", root).writeRelease(OLD);
  new PromotionRecord("prod", root).save({
    id: "00000000",
    from: "dev",
    to: "prod",
    commit: "0".repeat(40),
    startedAt: "2026-11-01T00:00:00.000Z",
    finishedAt: "2026-11-01T01:00:00.000Z",
    state: "done",
    percent: 100,
    before: { images: {} },
    after: OLD,
    services: {},
  });
  git(root, "init", "-q", "--template=");
  commitAll(root);
  return root;
}

export function commitAll(root: string): void {
  git(root, "add", "-A");
  git(root, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "-m", "test");
}

function git(cwd: string, ...args: string[]): void {
  execFileSync("git", args, { cwd });
}
