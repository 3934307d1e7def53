import type { z } from "zod";
import { schema } from "./config-schema";
import { nearest } from "./nearest";

type Type = z.core.$ZodType;

/** Characters of a value that a finding shows. */
const SHOWN = 80;

/** One thing that is wrong with the settings: the key, the value there and the remedy, a line each. */
export function findings(issue: z.core.$ZodIssue, raw: Record<string, unknown>): string[] {
  const [first = ""] = issue.path;
  const namespace = first === "project" || first === "region" ? "gcp" : "tollgate";
  const key = `${namespace}:${issue.path.join(".")}`;
  const value = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    raw,
  );
  if (value === undefined) {
    const path = issue.path.length > 1 ? `--path '${key}'` : key;
    return [`${key} is missing: \`pulumi config set ${path} ...\``];
  }
  if (issue.code === "unrecognized_keys")
    return issue.keys.map(
      (name) => `${key}.${name} is not a setting: ${meant(`${key}.`, name, keysAt(issue.path))}`,
    );
  return [`${key} ${shown(value)} ${remedy(issue, value)}`];
}

/** What was probably meant by a name, or which there are. */
export function meant(prefix: string, name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return close ? `did you mean ${prefix}${close}?` : `use one of ${known.join(", ")}`;
}

/** A value as it is written in a finding, without the password of an address. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(/:\/\/[^/@"]*@/g, "://...@");
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

function remedy(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === null) return "must have a value, or be taken out";
  if (issue.message.startsWith("must ")) return issue.message;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.join(", ")}`;
  if (issue.code === "too_small")
    return issue.inclusive ? `must be at least ${issue.minimum}` : `must be above ${issue.minimum}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  return issue.code === "invalid_type" ? expected(issue, value) : issue.message;
}

function expected({ expected: type, path }: z.core.$ZodIssueInvalidType, value: unknown): string {
  switch (type as string) {
    case "int":
    case "number": {
      const quoted = typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
      return `must be a ${type === "int" ? "whole " : ""}number${quoted ? ": take the quotes away" : ""}`;
    }
    case "boolean":
      return `must be true or false${/^(true|false)$/i.test(String(value)) ? ": take the quotes away" : ""}`;
    case "array":
      return "must be a list: write each item on its own line, after a dash";
    case "object":
    case "record": {
      const keys = keysAt(path);
      return `must have keys${keys.length > 0 ? `: ${keys.join(", ")}` : ""}`;
    }
    default:
      return typeof value === "object"
        ? `must be text, not ${Array.isArray(value) ? "a list" : "nested keys"}`
        : "must be text: put it in quotes";
  }
}

/** The names that are allowed under a key. */
function keysAt(path: readonly PropertyKey[]): string[] {
  const { def } = typeAt(path) ?? {};
  if (def?.type === "object") return Object.keys(def.shape);
  if (def?.type === "record" && def.keyType.def?.type === "enum")
    return Object.values(def.keyType.def.entries);
  return [];
}

/** Settings that are text even where a value looks like a number. */
export const TEXT_KEYS: ReadonlySet<string> = new Set(
  Object.keys(schema.shape).filter((key) => ["string", "enum"].includes(typeAt([key])!.def.type)),
);

// The definitions of zod's types are a union over all of them.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Defined = Type & { def: any };

/** The type at a path. */
function typeAt(path: readonly PropertyKey[]): Defined | undefined {
  return path.reduce<Defined | undefined>((at, step) => {
    if (at?.def.type === "object") return bare(at.def.shape[step]);
    if (at?.def.type === "record") return bare(at.def.valueType);
    return at?.def.type === "array" ? bare(at.def.element) : undefined;
  }, bare(schema));
}

/** Without what makes it optional. */
function bare(type: Type | undefined): Defined | undefined {
  const { def } = (type ?? {}) as Defined;
  if (def?.innerType) return bare(def.innerType);
  return def?.type === "pipe" ? bare(def.out) : (type as Defined | undefined);
}
