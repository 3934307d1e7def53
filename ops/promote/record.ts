import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Release } from "./stack-file";
import { writeWhole } from "./write-whole";

/**
 * How far a promotion is. `prepared`: the stack file names the release. `pinned`: all traffic stays with the old revisions.
 * `shifting`: the new ones exist and get a growing share. `finishing`: they have all of it. The two good ends: `done` and
 * `rolled-back`.
 */
export type State =
  "prepared" | "pinned" | "shifting" | "finishing" | "done" | "rolling-back" | "rolled-back";

export interface Promotion {
  id: string;
  from: string;
  to: string;
  /** The commit that was promoted. */
  commit: string;
  startedAt: string;
  finishedAt?: string;
  state: State;
  /** Percent of the traffic that the new revisions have passed their gate with. */
  percent: number;
  before: Release;
  after: Release;
  /** The revisions of each service; no `new` for one that the update did not change. */
  services: Record<string, { old: string; new?: string }>;
  /** Why it was rolled back. */
  reason?: string;
}

const HEADER =
  "# Promotions of this stack, the newest last. `npm run promote` writes it; commit it with the stack's file.\n";

/** `promotions.<stack>.yaml`, next to the stack's file: what was promoted, how far it got, and how it ended. */
export class PromotionRecord {
  readonly path: string;

  constructor(stack: string, root: string) {
    this.path = join(root, `promotions.${stack}.yaml`);
  }

  all(): Promotion[] {
    return existsSync(this.path) ? ((parse(readFileSync(this.path, "utf8")) ?? []) as Promotion[]) : [];
  }

  /** The promotion that has not ended. */
  open(): Promotion | undefined {
    const last = this.all().at(-1);
    return last && !hasEnded(last) ? last : undefined;
  }

  /** What the stack's file names when no other run wrote a release there. */
  release(): Release {
    const last = this.all().at(-1);
    if (!last) return { images: {} };
    return last.state === "rolled-back" ? last.before : last.after;
  }

  /** Adds a promotion, or replaces the one of its id. */
  save(promotion: Promotion): void {
    const others = this.all().filter(({ id }) => id !== promotion.id);
    writeWhole(this.path, HEADER + stringify([...others, promotion], { lineWidth: 0 }));
  }
}

export function hasEnded({ state }: Promotion): boolean {
  return state === "done" || state === "rolled-back";
}

export function newId(): string {
  return randomBytes(4).toString("hex");
}
