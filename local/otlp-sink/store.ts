import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Span } from "./decode";
import { latestScores, type Score } from "./score";

/** Spans and scores as JSON lines in a folder, of each the newest file and the one before it: never more than twice the limit on the disk. */
export class TraceStore {
  /**
   * @param folder created when absent
   * @param limitBytes a file that reaches it is rotated
   */
  constructor(
    private readonly folder: string,
    private readonly limitBytes = 16 * 1024 * 1024,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  add(spans: Span[]): void {
    this.append("traces", spans);
  }

  addScores(scores: Score[]): void {
    this.append("scores", scores);
  }

  /** All that is kept, oldest first. A line cut short by a crash is left out. */
  spans(): Span[] {
    return this.read<Span>("traces");
  }

  /** All that is kept and counts. */
  scores(): Score[] {
    return latestScores(this.read<Score>("scores"));
  }

  private append(kind: string, entries: object[]): void {
    if (entries.length === 0) return;
    const [previous, current] = this.files(kind);
    if (existsSync(current) && statSync(current).size >= this.limitBytes) renameSync(current, previous);
    // Traces hold prompts and answers: no other user of the machine may read them.
    appendFileSync(current, entries.map((entry) => JSON.stringify(entry) + "\n").join(""), { mode: 0o600 });
  }

  private read<Entry>(kind: string): Entry[] {
    return this.files(kind)
      .filter((file) => existsSync(file))
      .flatMap((file) => readFileSync(file, "utf8").split("\n"))
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as Entry];
        } catch {
          return [];
        }
      });
  }

  private files(kind: string): [previous: string, current: string] {
    return [join(this.folder, `${kind}.previous.jsonl`), join(this.folder, `${kind}.jsonl`)];
  }
}
