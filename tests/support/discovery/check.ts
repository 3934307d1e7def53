import type { Discovery, Method, Schema } from "./document";

/** A call as it arrives: the path without the host. */
export interface Request {
  verb: string;
  path: string;
  query: Iterable<string>;
  body: unknown;
}

/**
 * What Google's published document says against a request: a method or parameter that there is not, a field that is unknown,
 * of another type, none of the values, missing though required, or only ever answered.
 */
export function wrongWith(document: Discovery, request: Request, options: CheckOptions = {}): string[] {
  const method = methodOf(document, request.verb, request.path);
  if (!method) return [`${request.verb} ${request.path} is not a method of the API`];
  const parameters = [...method.query, ...document.query];
  // HTTP takes a field by either of its names: https://protobuf.dev/programming-guides/json/
  const query = [...request.query].filter(
    (name) => !parameters.includes(name) && !parameters.includes(camelCase(name)),
  );
  return [
    ...query.map((name) => `${method.id}: ?${name} is not a parameter`),
    ...(method.request ? wrongIn(document, method.request, request.body, { method, ...options }) : []),
  ].map((line) => (line.startsWith(method.id) ? line : `${method.id}: ${line}`));
}

export interface CheckOptions {
  method?: Method;
  isUnknown?: (value: unknown) => boolean;
  /** What is only ever answered may be sent, and is ignored: https://google.aip.dev/203 */
  ignoreOutput?: boolean;
}

/** What a schema of a document says against a value. */
export function wrongIn(
  document: Discovery,
  schema: string,
  value: unknown,
  options: CheckOptions = {},
): string[] {
  return check(document, { $ref: schema }, value, "body", options);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The method of an API that a request calls. */
export function methodOf({ methods, servicePath }: Discovery, verb: string, path: string): Method | undefined {
  const candidates = methods.filter(
    (method) => method.verb === verb && pattern(`${servicePath}${method.path}`).test(path),
  );
  // The path with the most fixed letters is meant: `{name}:access` before `{name}`.
  return candidates.sort((a, b) => fixed(b.path) - fixed(a.path))[0];
}

function fixed(path: string): number {
  return path.replace(/\{[^}]*\}/g, "").length;
}

function pattern(path: string): RegExp {
  const escaped = path.replace(/^\//, "").replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^/?${escaped.replace(/\{\\\+[^}]*\}/g, ".+").replace(/\{[^}]*\}/g, "[^/]+")}$`);
}

function check(
  document: Discovery,
  schema: Schema,
  value: unknown,
  path: string,
  options: CheckOptions,
): string[] {
  if (value === undefined || value === null || options.isUnknown?.(value)) return [];
  if (schema.$ref) {
    const target = document.schemas[schema.$ref];
    return target ? check(document, target, value, path, options) : [`${path}: no schema ${schema.$ref}`];
  }
  if (schema.enum && !schema.enum.includes(String(value)))
    return [`${path} ${JSON.stringify(value)} must be one of ${schema.enum.join(", ")}`];
  if (schema.type === "array") {
    if (!Array.isArray(value)) return [`${path} must be a list`];
    return value.flatMap((item, at) => check(document, schema.items ?? {}, item, `${path}[${at}]`, options));
  }
  if (schema.type === "object" || schema.properties)
    return checkObject(document, schema, value, path, options);
  return isOfType(schema, value)
    ? []
    : [`${path} ${JSON.stringify(value)} must be of type ${schema.format ?? schema.type}`];
}

function checkObject(
  document: Discovery,
  { properties = {}, additionalProperties }: Schema,
  value: unknown,
  path: string,
  options: CheckOptions,
): string[] {
  if (typeof value !== "object" || Array.isArray(value)) return [`${path} must be an object`];
  const fields = value as Record<string, unknown>;
  const wrong = Object.entries(fields).flatMap(([name, inner]) => {
    const known = properties[name] ?? additionalProperties;
    const at = `${path}.${name}`;
    if (!known) return [`${at} is not a field`];
    if (known.output && inner !== null && inner !== undefined)
      return options.ignoreOutput ? [] : [`${at} is only ever answered`];
    return check(document, known, inner, at, options);
  });
  const id = options.method?.id;
  const creates = !options.method || /create|insert/i.test(id ?? "");
  // A list that is empty is left out of JSON: the last binding of a policy that goes.
  const absent = Object.entries(properties).filter(
    ([name, { required, requiredBy, output, type }]) =>
      !output &&
      fields[name] === undefined &&
      !(path === "body" && options.method?.inPath.includes(name)) &&
      ((required && creates) || (id && type !== "array" && requiredBy?.includes(id))),
  );
  return [...wrong, ...absent.map(([name]) => `${path}.${name} is required`)];
}

function isOfType({ type, format }: Schema, value: unknown): boolean {
  switch (type ?? "any") {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
      // 64-bit numbers travel as text; the services take numbers too.
      if (format === "int64" || format === "uint64") return /^-?\d+$/.test(String(value));
      if (format === "google-duration")
        return typeof value === "string" && /^-?\d+(\.\d{1,9})?s$/.test(value);
      return typeof value === "string";
    default:
      return true;
  }
}
