import { createHash } from "node:crypto";

/** A vector of length 1 that is the same for the same text: not its meaning. */
export function vectorOf(text: string, dimensions: number): number[] {
  const seed = createHash("sha256").update(text).digest();
  const numbers = Array.from({ length: dimensions }, (_, i) => {
    const at = (seed.readUInt32LE((i % 8) * 4) ^ Math.imul(i + 1, 0x9e3779b1)) >>> 0;
    return at / 0xffffffff - 0.5;
  });
  const length = Math.hypot(...numbers);
  return numbers.map((each) => each / length);
}
