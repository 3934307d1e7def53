import type { JsonSchema } from "../answer";
import { DIMENSIONS, dimensionOf, queryTypeOf } from "./intents";
import { projectIn, says, serviceIn, typesIn } from "./names";
import { period } from "./period";

const DAY = 86_400_000;

/** A value that fits a schema and the question: what the simulated model passes to a tool or answers in JSON. */
export function fromSchema(schema: JsonSchema, question: string, today: Date, path = ""): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return fromEnum(schema, question);
  if (schema.anyOf?.[0]) return fromSchema(schema.anyOf[0], question, today, path);
  switch (typeOf(schema)) {
    case "object":
      return fromObject(schema, question, today, path);
    case "string":
      return isDate(schema, path) ? date(path, question, today) : (schema.default ?? question.slice(0, 100));
    case "integer":
    case "number":
      return schema.default ?? Math.max(schema.minimum ?? 0, 10);
    case "boolean":
      return schema.default ?? false;
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () =>
        fromSchema(schema.items ?? {}, question, today, path),
      );
    default:
      return schema.default ?? null;
  }
}

/** A schema's type; Google writes it in capitals. */
function typeOf({ type }: JsonSchema): string {
  return String(Array.isArray(type) ? type[0] : type).toLowerCase();
}

/** Required properties, and optional ones that the question says something about: a split, a name, a kind, or a period. */
function fromObject(schema: JsonSchema, question: string, today: Date, path: string): object {
  const all = Object.entries(schema.properties ?? {});
  // A named period, such as "last_week", needs no dates.
  const periodNamed = all.some(
    ([name, { enum: values }]) => /period|range/i.test(name) && mentioned(values, question) !== undefined,
  );
  const values = all.flatMap(([name, property]): [string, unknown][] => {
    const named = namedValue(name, property, question);
    if (named !== undefined) return [[name, named]];
    const isWanted = schema.required?.includes(name) || (!periodNamed && isDate(property, name));
    return isWanted ? [[name, fromSchema(property, question, today, `${path}.${name}`)]] : [];
  });
  return Object.fromEntries(values);
}

/** What the question itself names for a property; undefined when it names nothing. */
function namedValue(name: string, schema: JsonSchema, question: string): unknown {
  if (schema.enum) return mentioned(schema.enum, question);
  const isList = typeOf(schema) === "array";
  if (isList && schema.items?.enum) {
    const named = schema.items.enum.filter((code) => says(question, String(code)));
    return named.length > 0 ? named : undefined;
  }
  if (isList && /types?$/i.test(name)) {
    const types = typesIn(question);
    return types.length > 0 ? types : undefined;
  }
  if (typeOf(schema) !== "string") return undefined;
  if (name === "service") return serviceIn(question);
  return name === "project" ? projectIn(question) : undefined;
}

function fromEnum({ enum: values = [], default: preset }: JsonSchema, question: string): unknown {
  return (
    mentioned(values, question) ??
    values.find((value) => value === queryTypeOf(question)) ??
    preset ??
    values[0]
  );
}

function mentioned(values: unknown[] = [], question: string): unknown {
  const isSplit = values.every((value) => (DIMENSIONS as readonly unknown[]).includes(value));
  if (isSplit) return values.find((value) => value === dimensionOf(question));
  // A month's bill is its invoice; the bill of other days is what was used on them.
  const asked = question.replace(/\bbill\b(?=.*\bmonth)/i, "invoice");
  return values.find((value) => new RegExp(`\\b${String(value).replaceAll("_", " ")}s?\\b`, "i").test(asked));
}

function isDate(schema: JsonSchema, path: string): boolean {
  const name = path.split(".").at(-1) ?? "";
  const textual = typeOf(schema) === "string";
  return textual && (schema.format === "date" || /date|day$|^(from|to|start|end|since|until)/i.test(name));
}

/** A day of the period that the question means, or of the one before it when the property's path says so. */
function date(path: string, question: string, today: Date): string {
  const [start, end] = period(question, today);
  const length = end.getTime() - start.getTime() + DAY;
  const shift = /prev|before|base|earlier|prior|first|reference/i.test(path) ? length : 0;
  const day = /(end|to|until|last)[^.]*$/i.test(path.replace(/.*\./, "")) ? end : start;
  return new Date(day.getTime() - shift).toISOString().slice(0, 10);
}
