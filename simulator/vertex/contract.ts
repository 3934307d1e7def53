import type { Content } from "@google/genai";
import contract from "./contract.json";

/** A request's body after `readProto`; the parts of it that the simulator reads. */
export interface GenerateRequest {
  contents?: Content[];
  systemInstruction?: Content;
  tools?: {
    functionDeclarations?: { name?: string; parameters?: object; parametersJsonSchema?: object }[];
    googleSearch?: object;
  }[];
  toolConfig?: { functionCallingConfig?: { mode?: string; allowedFunctionNames?: string[] } };
  generationConfig?: {
    maxOutputTokens?: number;
    candidateCount?: number;
    stopSequences?: string[];
    temperature?: number;
    responseMimeType?: string;
    responseSchema?: object;
    responseJsonSchema?: object;
    thinkingConfig?: { includeThoughts?: boolean; thinkingBudget?: number; thinkingLevel?: string };
  };
  labels?: Record<string, string>;
  cachedContent?: string;
}

/** A schema of Google's discovery document. */
interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
}

const schemas = contract.schemas as unknown as Record<string, Schema>;

export interface Violation {
  /** As `contents[0].parts[1]`. */
  field: string;
  description: string;
}

/**
 * Reads JSON as Google's APIs do: names in camelCase or snake_case, numbers also as texts, null as absent; a name or a value
 * that the schema does not have is a violation.
 *
 * @returns the value with every name in camelCase, and what is wrong with it.
 */
export function readProto(schema: string, value: unknown): { value: unknown; violations: Violation[] } {
  const violations: Violation[] = [];
  return { value: read(resolve(schema), value, "", violations), violations };
}

function resolve(name: string): Schema {
  return schemas[name] ?? {};
}

function read(schema: Schema, value: unknown, field: string, violations: Violation[]): unknown {
  if (schema.$ref) return read(resolve(schema.$ref), value, field, violations);
  const wrong = (description: string) => {
    violations.push({ field, description });
    return undefined;
  };
  if (schema.type === undefined || schema.type === "any") return value;
  if (schema.type === "array") {
    if (!Array.isArray(value)) return wrong("Proto field is repeating, cannot be a single value.");
    return value.map((each, i) => read(schema.items ?? {}, each, `${field}[${i}]`, violations));
  }
  if (schema.type === "object") {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      return wrong(`Invalid value (${JSON.stringify(value)}): an object is expected`);
    }
    return readObject(schema, value as Record<string, unknown>, field, violations);
  }
  return fits(schema, value) ? value : wrong(`Invalid value (${JSON.stringify(value)}) for a ${schema.type}`);
}

function readObject(
  schema: Schema,
  value: Record<string, unknown>,
  field: string,
  violations: Violation[],
): object {
  const entries = Object.entries(value).flatMap(([name, at]) => {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const property = schema.properties?.[camel] ?? schema.properties?.[name];
    const inside = field === "" ? camel : `${field}.${camel}`;
    if (property) return at === null ? [] : [[camel, read(property, at, inside, violations)] as const];
    if (schema.additionalProperties) {
      return [[name, read(schema.additionalProperties, at, `${field}.${name}`, violations)] as const];
    }
    violations.push({
      field,
      description: `Invalid JSON payload received. Unknown name "${name}"${field ? ` at '${field}'` : ""}: Cannot find field.`,
    });
    return [];
  });
  return Object.fromEntries(entries);
}

function fits({ type = "any", format, enum: values }: Schema, value: unknown): boolean {
  if (values) return typeof value === "string" && values.includes(value.toUpperCase());
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isInteger(Number(value)) && typeof value !== "boolean" && value !== "";
    case "number":
      return Number.isFinite(Number(value)) && typeof value !== "boolean" && value !== "";
    case "string":
      if (format === "int64") return /^-?\d+$/.test(String(value));
      if (format === "byte") return typeof value === "string" && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value);
      return typeof value === "string";
    default:
      return true;
  }
}
