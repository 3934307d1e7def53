import type { Kind } from "./gateways";
import { shuffled, type Random } from "./statistics";

/** How long to measure: so many pairs of rounds, or those that fit. */
export interface Extent {
  rounds: number;
  /** Minutes at most. */
  minutes: number;
}

/** A round at each of the two gateways, one right after the other. */
export type Pair<Round> = Record<Kind, Round>;

export const KINDS: readonly Kind[] = ["guarded", "stock"];

/** Two pairs have no interval worth the name. */
const LEAST_PAIRS = 3;

/**
 * Measures the two gateways in turns, a random one first, so that what else the machine does falls on both.
 *
 * @param say Called with the progress from time to time.
 */
export async function measurePairs<Round>(
  measure: (kind: Kind) => Promise<Round>,
  { rounds, minutes }: Extent,
  random: Random,
  say: (text: string) => void,
): Promise<Pair<Round>[]> {
  const began = performance.now();
  const pairs: Pair<Round>[] = [];
  let said = began;
  for (let i = 0; i < rounds; i++) {
    const pair: Partial<Pair<Round>> = {};
    for (const kind of shuffled(KINDS, random)) pair[kind] = await measure(kind);
    pairs.push(pair as Pair<Round>);
    const now = performance.now();
    const each = (now - began) / pairs.length;
    const left = minutes * 60_000 - (now - began);
    if (now - said > 10_000 || i === rounds - 1) {
      said = now;
      say(`  ${pairs.length} of ${rounds} rounds after ${((now - began) / 1_000).toFixed(0)} s`);
    }
    if (left < each && i < rounds - 1 && pairs.length >= LEAST_PAIRS) {
      say(`  ${minutes} min are over: ${pairs.length} rounds in place of ${rounds}`);
      break;
    }
  }
  return pairs;
}
