/** Alloy's configuration language, as far as it is needed here: blocks with attributes and inner blocks. */
export interface Block {
  /** As `loki.write`, or `stage.json` inside of one. */
  type: string;
  /** What distinguishes components of one type. */
  label?: string;
  attributes?: Record<string, Value>;
  blocks?: Block[];
}

export type Value = string | number | boolean | Expression | Value[] | { [key: string]: Value };

/** Text that Alloy evaluates: a reference to another component, a call. */
export class Expression {
  constructor(readonly text: string) {}
}

export const expression = (text: string): Expression => new Expression(text);

/** An environment variable of the collector. */
export const environment = (name: string): Expression => expression(`sys.env("${name}")`);

/** A configuration as `alloy fmt` would write it. */
export function alloy(blocks: Block[]): string {
  return `${blocks.map((block) => blockText(block, "")).join("\n\n")}\n`;
}

function blockText({ type, label, attributes = {}, blocks = [] }: Block, indent: string): string {
  const head = `${indent}${type}${label === undefined ? "" : ` ${JSON.stringify(label)}`}`;
  const inner = `${indent}\t`;
  const parts = [
    ...(Object.keys(attributes).length > 0 ? [attributesText(attributes, inner)] : []),
    ...blocks.map((block) => blockText(block, inner)),
  ];
  return parts.length === 0 ? `${head} { }` : `${head} {\n${parts.join("\n\n")}\n${indent}}`;
}

function attributesText(attributes: Record<string, Value>, indent: string): string {
  const width = Math.max(...Object.keys(attributes).map((name) => name.length));
  return Object.entries(attributes)
    .map(([name, value]) => `${indent}${name.padEnd(width)} = ${valueText(value, indent)}`)
    .join("\n");
}

function valueText(value: Value, indent: string): string {
  if (value instanceof Expression) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, indent)).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}\t`;
  const keys = Object.keys(value).map((key) => JSON.stringify(key));
  const width = Math.max(...keys.map((key) => key.length));
  const entries = Object.values(value).map(
    (item, i) => `${inner}${keys[i]!.padEnd(width)} = ${valueText(item, inner)},`,
  );
  return entries.length === 0 ? "{}" : `{\n${entries.join("\n")}\n${indent}}`;
}
