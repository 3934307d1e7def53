/** Breaks every setting of every resource of a plan. */
import { parse, stringify } from "yaml";
import type { Resource } from "../../../policies/evaluate";
import { changed, type Mutant } from "./mutant";

type Path = (string | number)[];

/** Files that are settings through and through; of the rest (panels, alert rules) nothing is a policy's business. */
const SETTINGS_FILE = /(guard\.json|gateway\/.*config\.yaml|loki\.yaml|compose\.yaml)$/;

/** What no cloud ever sees: a component's inputs only describe it. */
const ONLY_DESCRIBED = /^tollgate:/;

/** Every mutant of a plan, one of each class: the same fault at the same place of the same type. */
export function* systematic(base: Resource[]): Generator<Mutant & { place: string }> {
  const seen = new Set<string>();
  for (const [at, resource] of base.entries()) {
    if (ONLY_DESCRIBED.test(resource.type)) continue;
    const isFile = typeof resource.props.content === "string";
    for (const { path, fault, value } of faults(resource.props, isFile ? ["content"] : [])) {
      const place = `${placeOf(resource)} ${general(path)}`;
      if (seen.has(`${place} ${fault}`)) continue;
      seen.add(`${place} ${fault}`);
      yield mutant(
        fault,
        place,
        changed(base, at, ({ props }) => put(props, path, value)),
      );
    }
    if (isFile && SETTINGS_FILE.test(resource.name)) {
      const content = parse(resource.props.content as string) as object;
      const file = /([^/]+)$/.exec(resource.name)![1]!;
      for (const { path, fault, value } of faults(content, [])) {
        const place = `${file} ${general(path)}`;
        if (seen.has(`${place} ${fault}`)) continue;
        seen.add(`${place} ${fault}`);
        const broken = structuredClone(content);
        put(broken, path, value);
        const text = file.endsWith(".json") ? JSON.stringify(broken) : stringify(broken);
        yield mutant(
          fault,
          place,
          changed(base, at, ({ props }) => (props.content = text)),
        );
      }
    }
    const place = placeOf(resource);
    if (resource.protect)
      yield mutant(
        "off",
        `${place} option protect`,
        changed(base, at, (copy) => (copy.protect = false)),
      );
    yield mutant(
      "gone",
      place,
      base.filter((_, index) => index !== at),
    );
  }
}

function mutant(fault: string, place: string, resources: Resource[]): Mutant & { place: string } {
  return { kind: fault, what: `${place}: ${fault}`, place, resources };
}

interface Fault {
  path: Path;
  fault: string;
  /** Instead of what is there; none: the setting goes. */
  value: unknown;
}

/** The ways in which each setting can be broken without a thought for what it means. */
function* faults(value: unknown, skipped: Path, path: Path = []): Generator<Fault> {
  if (path.length > 0 && skipped.includes(path[0]!)) return;
  if (path.length > 0 && value !== undefined) yield { path, fault: "missing", value: undefined };
  if (typeof value === "boolean") yield { path, fault: "flipped", value: !value };
  else if (typeof value === "number") {
    if (value !== 0) yield { path, fault: "zero", value: 0 };
    yield { path, fault: "a thousand times", value: value * 1000 + 1000 };
  } else if (Array.isArray(value)) {
    if (value.length > 0) yield { path, fault: "empty", value: [] };
    for (const [index, each] of value.entries()) yield* faults(each, skipped, [...path, index]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) yield* faults(each, skipped, [...path, key]);
  }
}

function put(root: object, path: Path, value: unknown): void {
  const last = path.at(-1)!;
  const parent = path
    .slice(0, -1)
    .reduce<Record<string | number, unknown>>(
      (at, step) => at[step] as Record<string | number, unknown>,
      root as Record<string | number, unknown>,
    );
  if (value === undefined) {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else parent[last] = value;
}

/** Names distinguish what rules distinguish: buckets, secrets, services, bindings. */
function placeOf({ type, name }: Resource): string {
  const short = type.split(":").at(-1)!;
  return /^(Account|Bucket|Service|Secret\w*)$|IAM|Iam/.test(short) ? `${short} ${name}` : short;
}

/** A path without the places in lists, and without names of models, tiers, routes and services of Compose. */
function general(path: Path): string {
  const [first] = path;
  return path
    .map((step, depth) => {
      const named =
        depth === 1 && ["models", "routes", "tiers", "services", "volumes"].includes(String(first));
      return typeof step === "number" || named ? "*" : step;
    })
    .join(".");
}
