/**
 * A question's words, without what must not decide about it: quoted text and names of resources ("delete-me-vm" is not a wish to
 * delete), and with slips of the pen put right.
 */
export function readWords(question: string): string {
  const plain = question
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|`[^`]*`|(?<=^|[\s(])'[^']+'(?=[\s,.;:?!)]|$)/g, " name ")
    .replace(/\bcloud (run|build|functions)\b/g, "service")
    .replace(/\bright-?\s?siz/g, "rightsiz")
    .replace(/\b(month|week|year|day)[- ](?:over|on|to)[- ]\1\b/g, "compare")
    .replace(/\bcost-?(cutting|saving)/g, "cost $1")
    .replace(/[a-z0-9]+(?:[-_./:][a-z0-9]+)+/g, " name ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.replace(/[a-z]{5,}/g, (word) => (KNOWN.has(word) ? word : (spelled(word) ?? word)));
}

/** Words that decide about a question, as they are misspelled. */
const SPELLINGS =
  "anomaly anomalies analyse analyze billing biggest budget cheaper compare compared credits decrease decreased delete " +
  "disable disks enable expensive explain forecast increase increased instance instances invoice optimise optimize " +
  "project projects recommend recommendation recommendations reduce resize savings service services should spend spending " +
  "spike spiked storage total trend unused unusual yesterday";
const KNOWN = new Set(SPELLINGS.split(" "));

/** The one known word that a word is, but for one letter too many, too few or wrong, or two in the wrong order. */
function spelled(word: string): string | undefined {
  const close = [...KNOWN].filter((known) => known[0] === word[0] && isOneSlipAway(word, known));
  return close.length === 1 ? close[0] : undefined;
}

function isOneSlipAway(a: string, b: string): boolean {
  if (a.length > b.length) return isOneSlipAway(b, a);
  if (b.length - a.length > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (a.length < b.length) return a.slice(at) === b.slice(at + 1);
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
  return swapped || a.slice(at + 1) === b.slice(at + 1);
}
