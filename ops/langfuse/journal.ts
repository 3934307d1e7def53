import { isFatal, reasonOf } from "./errors";

export type Action = "created" | "updated" | "unchanged" | "skipped" | "failed";

export interface Outcome {
  kind: string;
  name: string;
  action: Action;
  /** Why it was skipped or failed, or what else should be known. */
  note?: string;
}

/** What has to be done for one thing: nothing, or a change that a dry run only names. */
export type Change<T> =
  | { action: "unchanged"; value: T; note?: string }
  | { action: "created" | "updated"; run: () => Promise<T | Skipped> };

/** A change that Langfuse does not take as things are. */
export class Skipped {
  constructor(readonly note: string) {}
}

/** Carries changes out, or in a dry run only names them, and remembers what became of each. */
export class Journal {
  readonly outcomes: Outcome[] = [];

  constructor(
    readonly dryRun: boolean,
    private readonly report: (outcome: Outcome) => void = () => undefined,
  ) {}

  /**
   * Brings one thing about. A failure is remembered and the next thing follows, unless nothing can follow.
   *
   * @returns the thing, or nothing where it does not exist yet.
   */
  async apply<T>(kind: string, name: string, decide: () => Promise<Change<T>>): Promise<T | undefined> {
    try {
      const change = await decide();
      if (change.action === "unchanged") {
        this.add({ kind, name, action: "unchanged", note: change.note });
        return change.value;
      }
      const result = this.dryRun ? undefined : await change.run();
      if (result instanceof Skipped) {
        this.add({ kind, name, action: "skipped", note: result.note });
        return undefined;
      }
      this.add({ kind, name, action: change.action });
      return result;
    } catch (error) {
      if (isFatal(error)) throw error;
      this.add({ kind, name, action: "failed", note: reasonOf(error) });
      return undefined;
    }
  }

  add(outcome: Outcome): void {
    const { note, ...rest } = outcome;
    const kept = note === undefined ? rest : { ...rest, note };
    this.outcomes.push(kept);
    this.report(kept);
  }

  count(action: Action): number {
    return this.outcomes.filter((outcome) => outcome.action === action).length;
  }
}
