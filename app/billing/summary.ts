import { decimal, sum, type Nanos } from "../money";
import type { LineKind, SpendRow } from "../sources/source";

/** Whether an answer is about what was used on days, or about what is on invoices. */
export const VIEWS = ["usage", "invoice"] as const;
export type View = (typeof VIEWS)[number];

/** A cost, taken apart as Google's bill has it; all in one currency. */
export class Cost {
  private readonly parts = new Map<string, Nanos>();
  private readonly credits = new Map<string, Nanos>();
  private usageLines = false;

  constructor(readonly currency: string) {}

  add({ kind, credit, nanos }: SpendRow): void {
    if (kind === "usage" && credit !== null) {
      this.credits.set(credit, (this.credits.get(credit) ?? 0n) + nanos);
    } else {
      this.parts.set(kind, this.of(kind) + nanos);
    }
    this.usageLines ||= kind === "usage";
  }

  /** Usage before credits, or another kind after its own. */
  of(kind: LineKind): Nanos {
    return this.parts.get(kind) ?? 0n;
  }

  get usage(): Nanos {
    return this.of("usage");
  }

  /** What credits took off the usage; never positive. */
  get credited(): Nanos {
    return sum(this.credits.values());
  }

  /** Usage after credits. */
  get net(): Nanos {
    return this.usage + this.credited;
  }

  /** What the view counts: net usage, or all that an invoice charges. */
  total(view: View): Nanos {
    return view === "usage"
      ? this.net
      : this.net + this.of("tax") + this.of("adjustment") + this.of("rounding");
  }

  /** Whether the view has a line of it: tax does not count as usage, not even zero. */
  isIn(view: View): boolean {
    return view === "invoice" || this.usageLines;
  }

  /** Whether credits make a difference. */
  get hasCredits(): boolean {
    return [...this.credits.values()].some((nanos) => nanos !== 0n);
  }

  /** Credits by type, largest first. */
  creditsByType(): Record<string, string> {
    const byType = [...this.credits].filter(([, nanos]) => nanos !== 0n);
    byType.sort(([, a], [, b]) => Number(a - b));
    return Object.fromEntries(byType.map(([type, nanos]) => [type, decimal(nanos)]));
  }
}

/** One group of spend: what it is called, and its cost in one currency. */
export interface Group {
  key: string;
  cost: Cost;
}

/** Puts the parts of each group together, a group a currency; in no particular order. */
export function groupSpend(rows: readonly SpendRow[], keyOf: (row: SpendRow) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const key = keyOf(row);
    const id = JSON.stringify([key, row.currency]);
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { key, cost: new Cost(row.currency) }));
    group.cost.add(row);
  }
  return [...groups.values()];
}

/** The total of each currency, by its code. */
export function totalSpend(rows: readonly SpendRow[]): Cost[] {
  return groupSpend(rows, () => "")
    .map(({ cost }) => cost)
    .sort((a, b) => a.currency.localeCompare(b.currency));
}
