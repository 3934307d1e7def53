export function isEquivalent(_stack: string, _what: string): boolean {
  return false;
}
