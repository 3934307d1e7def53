/**
 * A reader of Alloy's grammar, strict enough to find a mistake of hand: blocks, attributes, lists, objects, strings, calls,
 * sums, comparisons and references. Whether a component has an argument of some name is for Alloy itself to check.
 */

const TOKEN =
  /\s*(?:\/\/[^\n]*\n\s*)*([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*|"(?:[^"\\]|\\.)*"|`[^`]*`|-?\d+(?:\.\d+)?|==|[{}[\](),=+])/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; text.slice(end).trim() !== ""; end = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`expected a token at: ${text.slice(end, end + 40)}`);
    tokens.push(match[1]!);
  }
  return tokens;
}

/**
 * The components of a configuration, such as `loki.write.central`.
 *
 * @throws Error where the text is not of the grammar.
 */
export function componentsOf(text: string): string[] {
  const tokens = tokensOf(text);
  const components: string[] = [];
  let at = 0;
  const next = () => tokens[at];
  const take = (expected?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(
        `expected ${expected ?? "more"}, found ${token ?? "the end"} after ${tokens.slice(Math.max(0, at - 8), at - 1).join(" ")}`,
      );
    return token;
  };
  const isName = (token: string | undefined) => /^[A-Za-z_]/.test(token ?? "");

  const list = (close: string, item: () => void) => {
    while (next() !== close) {
      item();
      if (next() !== close) take(",");
    }
    take(close);
  };
  const entryOf = (sign: string) => {
    take(sign);
    value();
  };
  const entry = () => {
    take();
    entryOf("=");
  };
  const call = () => {
    take("(");
    list(")", value);
  };
  const index = () => {
    take("[");
    value();
    take("]");
  };
  const value = () => {
    const token = take();
    if (token === "[") list("]", value);
    else if (token === "{") list("}", entry);
    else if (isName(token)) {
      if (next() === "(") call();
      if (next() === "[") index();
    } else if (!/^["`\d-]/.test(token)) throw new Error(`expected a value, found ${token}`);
    if (next() === "+" || next() === "==") entryOf(next()!);
  };
  const body = (depth: number) => {
    while (isName(next())) {
      const name = take();
      if (next() === "=") entryOf("=");
      else {
        const label = next()?.startsWith('"') ? (JSON.parse(take()) as string) : undefined;
        take("{");
        body(depth + 1);
        take("}");
        if (depth === 0) components.push([name, label].filter(Boolean).join("."));
      }
    }
  };
  body(0);
  if (at < tokens.length) throw new Error(`expected a block, found ${next()}`);
  return components;
}

/** The components that others are referred to by: `loki.write.central` of `loki.write.central.receiver`. */
export function referencesOf(text: string): string[] {
  const exported =
    /\b((?:loki|prometheus|discovery|remote|local|otelcol)\.[\w.]+?)\.(?:receiver|targets|output|rules|content|input|handler)\b/g;
  return [...new Set([...text.matchAll(exported)].map(([, name]) => name!))];
}
