import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Span } from "./decode";

/** Spans as JSON lines in a folder, the newest file and the one before it: never more than twice the limit on the disk. */
export class TraceStore {
  private readonly current: string;
  private readonly previous: string;

  /**
   * @param folder created when absent
   * @param limitBytes a file that reaches it is rotated
   */
  constructor(
    folder: string,
    private readonly limitBytes = 16 * 1024 * 1024,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.current = join(folder, "traces.jsonl");
    this.previous = join(folder, "traces.previous.jsonl");
  }

  add(spans: Span[]): void {
    if (spans.length === 0) return;
    if (existsSync(this.current) && statSync(this.current).size >= this.limitBytes) {
      renameSync(this.current, this.previous);
    }
    // Traces hold prompts and answers: no other user of the machine may read them.
    appendFileSync(this.current, spans.map((span) => JSON.stringify(span) + "\n").join(""), { mode: 0o600 });
  }

  /** All that is kept, oldest first. A line cut short by a crash is left out. */
  spans(): Span[] {
    return [this.previous, this.current]
      .filter((file) => existsSync(file))
      .flatMap((file) => readFileSync(file, "utf8").split("\n"))
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as Span];
        } catch {
          return [];
        }
      });
  }
}
