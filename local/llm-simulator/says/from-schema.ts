import type { JsonSchema } from "../answer";
import { dimensionOf, queryTypeOf } from "./intents";

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

/** Required properties, and optional ones that the question says something about: a split, or a period. */
function fromObject(schema: JsonSchema, question: string, today: Date, path: string): object {
  const all = Object.entries(schema.properties ?? {});
  const named = ({ enum: values }: JsonSchema) => values !== undefined && mentioned(values, question);
  // A period that is named, as "last_week", needs no dates.
  const periodNamed = all.some(([name, property]) => /period|range/i.test(name) && named(property));
  const properties = all.filter(
    ([name, property]) =>
      schema.required?.includes(name) || named(property) || (!periodNamed && isDate(property, name)),
  );
  return Object.fromEntries(
    properties.map(([name, property]) => [name, fromSchema(property, question, today, `${path}.${name}`)]),
  );
}

function fromEnum({ enum: values = [], default: preset }: JsonSchema, question: string): unknown {
  return (
    mentioned(values, question) ??
    values.find((value) => value === queryTypeOf(question)) ??
    preset ??
    values[0]
  );
}

function mentioned(values: unknown[], question: string): unknown {
  const asked = `${question.toLowerCase()} ${dimensionOf(question) ?? ""}`;
  return values.find((value) => asked.includes(String(value).toLowerCase().replaceAll("_", " ")));
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

/** First and last day (both inside) of the period that a question names; without a name, the last 30 days. */
export function period(question: string, today: Date): [Date, Date] {
  const back = (days: number) => new Date(today.getTime() - days * DAY);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  if (/last month/i.test(question)) return [utc(year, month - 1, 1), utc(year, month, 0)];
  if (/this month/i.test(question)) return [utc(year, month, 1), today];
  if (/yesterday/i.test(question)) return [back(1), back(1)];
  if (/week/i.test(question)) return [back(7), back(1)];
  return [back(30), back(1)];
}

function utc(year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month, day));
}
