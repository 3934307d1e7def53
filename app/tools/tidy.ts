import { z } from "zod";

/**
 * Arguments as clients and models really send them, made what they mean: null and "" for an argument that is left out, "10"
 * for 10, one value for a list of one. What else does not fit is for the schema to refuse.
 */
export function tidy(input: unknown, schema: z.ZodObject): unknown {
  if (input === undefined || input === null) return {};
  if (typeof input !== "object" || Array.isArray(input)) return input;
  const tidied: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    const field = schema.shape[name] as z.ZodType | undefined;
    const isOptional = field?.safeParse(undefined).success ?? false;
    if (isOptional && (value === null || value === "")) continue;
    tidied[name] = field ? fit(value, innermost(field)) : value;
  }
  return tidied;
}

function fit(value: unknown, type: z.ZodType): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (type instanceof z.ZodNumber && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type instanceof z.ZodBoolean && (text === "true" || text === "false")) return text === "true";
  if (type instanceof z.ZodArray) return readList(text);
  return value;
}

/** A list that was sent as text: JSON, or names with commas. */
function readList(text: string): unknown {
  if (text.startsWith("[")) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text.split(",").map((part) => part.trim());
}

function innermost(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodOptional || type instanceof z.ZodDefault
    ? innermost(type.unwrap() as z.ZodType)
    : type;
}
