import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { OWN_IMAGES } from "../../catalogue/images";
import type { Release } from "./stack-file";
import { writeWhole } from "./write-whole";

const RELEASE = z.object({
  images: z.partialRecord(z.enum(OWN_IMAGES), z.string()),
  /** Hash of the definitions that the digests were proven with. */
  definitionsHash: z.string().optional(),
});

const PROMOTION = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  /** The commit that was promoted. */
  commit: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  /**
   * How far a promotion is. `prepared`: the stack file names the release. `pinned`: all traffic stays with the old revisions.
   * `shifting`: the new ones exist and get a growing share. `finishing`: they have all of it. The two good ends: `done` and
   * `rolled-back`.
   */
  state: z.enum(["prepared", "pinned", "shifting", "finishing", "done", "rolling-back", "rolled-back"]),
  /** Percent of the traffic that the new revisions have passed their gate with. */
  percent: z.number(),
  before: RELEASE,
  after: RELEASE,
  /** The revisions of each service; no `new` for one that the update did not change. */
  services: z.record(z.string(), z.object({ old: z.string(), new: z.string().optional() })),
  /** Why it was rolled back. */
  reason: z.string().optional(),
});
export type Promotion = z.output<typeof PROMOTION>;
export type State = Promotion["state"];

const RECORD = z.array(PROMOTION);

const HEADER =
  "# Promotions of this stack, the newest last. `npm run promote` writes it; commit it with the stack's file.\n";

/** `promotions.<stack>.yaml`, next to the stack's file: what was promoted, how far it got, and how it ended. */
export class PromotionRecord {
  readonly path: string;

  constructor(stack: string, root: string) {
    this.path = join(root, `promotions.${stack}.yaml`);
  }

  all(): Promotion[] {
    if (!existsSync(this.path)) return [];
    try {
      return RECORD.parse(parse(readFileSync(this.path, "utf8")) ?? []);
    } catch (error) {
      const [what = ""] = (
        error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
      ).split("\n");
      throw new Error(
        `${this.path} is no record of promotions (${what.replace(/:$/, "")}): take it from git`,
        { cause: error },
      );
    }
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
