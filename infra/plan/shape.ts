import type { z } from "zod";
import { plan, type Plan } from ".";
import { catalogue } from "../../catalogue";
import type { DEPLOYMENTS, schema, StackClass } from "../config-schema";
import { SHARED_INSTANCES, type Layout, type Sizes } from "../gcp/sizes";
import { UNKNOWN, type PlannedResource } from "./monitor";
import { readStackFile, settingsOf, type StackSettings } from "./stack-file";
import {
  candidatesOf,
  hasVariable,
  nameTemplate,
  variablesOf,
  type Scalar,
  type Variables,
} from "./templates";

/** What every plan has in common at one field of a type of resource. */
export interface FieldShape {
  /** The field is set wherever what it is part of is. */
  always?: true;
  /** A list that is never empty. */
  filled?: true;
  /** The places of a list, where it always has as many. */
  length?: number;
  /** Names of the only resources of the type that have the field. */
  only?: string[];
  /** A number that is above 0. */
  positive?: true;
  /** The values there, where they are fixed or made of a stack's settings: `${region}`. */
  values?: Scalar[];
  /** The values there by the resource's name, where those differ. */
  byName?: Record<string, Scalar[]>;
}

/** A type of resource. */
export interface TypeShape {
  /** Names of the program's resources of the type. */
  names: string[];
  /** Fields, as `template.scaling.maxInstanceCount`; `*`, or the name of what is there, stands for the places of a list. */
  fields: Record<string, FieldShape>;
}

export type Shape = Record<string, TypeShape>;

/** What policies hold against the catalogue, texts of many lines, and versions, which go up. */
const ELSEWHERE =
  /(^|\.)(annotations|envs|args|commands|containers\.[^.]+\.image|limits\.cpu|user-data|secretData|version|runExecutionToken)$|^content$/;
/** Components only describe what they are made of, and what is random says nothing. */
const RESOURCE = /^gcp:/;
/** More different values than this are names, not choices. */
const MOST_VALUES = 40;

/** Plans of stacks that have no setting in common with those of the other group. */
type Group = "committed" | "other";

/** A plan, and the settings that are part of what it says. */
interface Made {
  group: Group;
  variables: Variables;
  resources: PlannedResource[];
}

interface Found {
  parents: number;
  times: number;
  empty: number;
  lists: number;
  lengths: Set<number>;
  numbers: number;
  notPositive: number;
  /** By the resource's name. */
  seen: Map<string, Seen>;
}

interface Seen {
  /** A value that only an update knows. */
  unknown: boolean;
  /** What each value may stand for, and the groups of plans that have it. */
  values: Map<string, { candidates: Scalar[]; groups: Set<Group> }>;
}

/** What plans of stacks with different settings have in common. */
export function shapeOf(plans: Made[]): Shape {
  const types = new Map<string, { names: Set<string>; fields: Map<string, Found> }>();
  for (const { group, variables, resources } of plans)
    for (const { type, name, inputs } of resources.filter((each) => RESOURCE.test(each.type))) {
      const { names, fields } = types.get(type) ?? { names: new Set(), fields: new Map<string, Found>() };
      types.set(type, { names, fields });
      const own = nameTemplate(name, variables);
      names.add(own);
      walk(inputs, "", (path, value) => note(fields, own, path, value, group, variables));
    }
  const parts = new Map([...types].map(([type, { fields }]) => [type, partsOf(fields.keys())]));
  for (const { resources } of plans)
    for (const { type, inputs } of resources)
      if (parts.has(type)) countParents(inputs, types.get(type)!.fields, parts.get(type)!);
  return Object.fromEntries(
    sorted(types).map(([type, { names, fields }]) => [
      type,
      {
        names: [...names].sort(),
        fields: Object.fromEntries(
          sorted(fields).map(([path, field]) => [path, shapeOfField(field, rare(path, fields, names.size))]),
        ),
      },
    ]),
  );
}

/** Shapes as they are committed: a line a field. */
export function shapeText(shape: Shape): string {
  const types = Object.entries(shape).map(([type, { names, fields }]) => {
    const lines = Object.entries(fields).map(
      ([path, each]) => `      ${JSON.stringify(path)}: ${JSON.stringify(each)}`,
    );
    const own = `    "names": ${JSON.stringify(names)},\n    "fields": {\n${lines.join(",\n")}\n    }`;
    return `  ${JSON.stringify(type)}: {\n${own}\n  }`;
  });
  return `{\n${types.join(",\n")}\n}\n`;
}

function note(
  fields: Map<string, Found>,
  name: string,
  path: string,
  value: unknown,
  group: Group,
  variables: Variables,
): void {
  const field: Found = fields.get(path) ?? {
    ...{ parents: 0, times: 0, empty: 0, lists: 0, numbers: 0, notPositive: 0 },
    lengths: new Set(),
    seen: new Map(),
  };
  fields.set(path, field);
  field.times++;
  const seen: Seen = field.seen.get(name) ?? { unknown: false, values: new Map() };
  field.seen.set(name, seen);
  if (Array.isArray(value)) {
    field.lists++;
    // What goes by a name may be there in one phase and not in another.
    const isFixed = !ELSEWHERE.test(path) && value.every((each) => nameIn(each) === "*");
    field.lengths.add(isFixed ? value.length : Number.NaN);
    if (value.length === 0) field.empty++;
  } else if (value === UNKNOWN || ELSEWHERE.test(path)) seen.unknown = true;
  else if (typeof value !== "object") {
    if (typeof value === "number") field.numbers++;
    if (typeof value === "number" && value <= 0) field.notPositive++;
    const candidates = candidatesOf(value as Scalar, variables);
    const key = JSON.stringify(candidates);
    const same = seen.values.get(key) ?? { candidates, groups: new Set<Group>() };
    same.groups.add(group);
    seen.values.set(key, same);
  }
}

/** Counts for each field how often what it is part of is there. */
function countParents(inputs: object, fields: Map<string, Found>, parts: Map<string, string[]>): void {
  const count = (parent: string) => {
    for (const path of parts.get(parent) ?? []) fields.get(path)!.parents++;
  };
  count("");
  walk(inputs, "", (path, value) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) count(path);
  });
}

/** The fields that are directly part of each; a place in a list is not. */
export function partsOf(paths: Iterable<string>): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  for (const path of paths) {
    const [, parent = "", own] = /^(?:(.*)\.)?([^.]+)$/.exec(path)!;
    if (own !== "*") parts.set(parent, [...(parts.get(parent) ?? []), path]);
  }
  return parts;
}

/** The names of what has a field, where not everything has; none where that is so of what the field is part of already. */
function rare(path: string, fields: Map<string, Found>, names: number): string[] | undefined {
  const own = [...fields.get(path)!.seen.keys()];
  const parent = fields.get(path.replace(/\.?[^.]+$/, ""));
  const ofPart = /(^|\.)(containers|volumes|volumeMounts)\./.test(path) || path.endsWith("*");
  return own.length < (parent?.seen.size ?? names) && !ofPart ? own.sort() : undefined;
}

function shapeOfField(found: Found, only: string[] | undefined): FieldShape {
  const { parents, times, lists, empty, lengths, numbers, notPositive, seen } = found;
  const values = choice([...seen.values()]);
  const named = [...seen].map(([name, each]) => [name, choice([each])] as const);
  const byName = named.filter((pair): pair is [string, Scalar[]] => pair[1] !== undefined);
  const isFixed = values?.length === 1;
  return {
    ...(parents > 0 && times === parents ? { always: true } : {}),
    ...(only ? { only } : {}),
    ...(lists === times && lengths.size === 1 && !lengths.has(Number.NaN)
      ? { length: [...lengths][0]! }
      : lists > 0 && empty === 0
        ? { filled: true }
        : {}),
    ...(values && (isFixed || byName.length < seen.size) ? { values } : {}),
    ...(!isFixed && byName.length > 0 ? { byName: Object.fromEntries(byName.sort()) } : {}),
    ...(numbers > 0 && notPositive === 0 && !(isFixed && !hasVariable(values[0]!)) ? { positive: true } : {}),
  };
}

/** The fewest templates that stand for every value, each in plans of both groups; none where there are no such, or too many. */
function choice(seen: Seen[]): Scalar[] | undefined {
  if (seen.some(({ unknown }) => unknown)) return undefined;
  const open = new Set(seen.flatMap(({ values }) => [...values.values()]));
  const byTemplate = new Map<Scalar, { groups: Set<Group>; values: Set<{ candidates: Scalar[] }> }>();
  for (const value of open)
    for (const template of value.candidates) {
      const of = byTemplate.get(template) ?? {
        groups: new Set<Group>(),
        values: new Set<{ candidates: Scalar[] }>(),
      };
      for (const group of value.groups) of.groups.add(group);
      of.values.add(value);
      byTemplate.set(template, of);
    }
  const usable = [...byTemplate].filter(([, { groups }]) => groups.size === 2);
  const chosen: Scalar[] = [];
  while (open.size > 0 && chosen.length < MOST_VALUES) {
    const covered = usable.map(([template, { values }]) => {
      const count = [...values].filter((value) => open.has(value as never)).length;
      // A word that a setting has says the setting; a number or a flag that one has may do so by chance.
      const isWord = [...values].some((value) => typeof value.candidates[0] === "string");
      const rank = hasVariable(template) === isWord ? 1 : 0;
      return { template, values, count, rank };
    });
    const [best] = covered.sort((a, b) => b.count - a.count || b.rank - a.rank);
    if (!best || best.count === 0) return undefined;
    chosen.push(best.template);
    for (const value of best.values) open.delete(value as never);
  }
  return open.size > 0 || chosen.length === 0 ? undefined : chosen.sort();
}

function sorted<Value>(map: Map<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Visits every field of a resource that its shape speaks of.
 *
 * @param visit Takes the field's path, its value, and its path with the places in lists.
 */
export function walk(
  value: unknown,
  path: string,
  visit: (path: string, value: unknown, place: string) => void,
  place = path,
): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    // A key of a map may have dots, such as that of an annotation.
    const step = Array.isArray(value) ? nameIn(each) : key.replaceAll(".", "_");
    const at = path === "" ? step : `${path}.${step}`;
    const exact = Array.isArray(value) ? `${place}[${key}]` : place === "" ? key : `${place}.${key}`;
    visit(at, each, exact);
    if (!ELSEWHERE.test(at)) walk(each, at, visit, exact);
  }
}

/** What is in a list goes by its name, if it has one: a container, a volume, a flag. */
function nameIn(entry: unknown): string {
  const name = typeof entry === "object" && entry !== null && "name" in entry ? entry.name : undefined;
  return typeof name === "string" ? name.replaceAll(".", "_") : "*";
}

type Settings = { [Key in keyof z.input<typeof schema>]-?: unknown };

const DIGEST = (digit: string) => `sha256:${digit.repeat(64)}`;
const SIZES: Record<StackClass, Sizes> = {
  dev: {
    ...{ protect: false, highAvailability: true, ownCache: true, nat: false, cpuBetweenRequests: false },
    ...{ postgresTier: "db-custom-2-7680", postgresConnections: 211, redisGiB: 3 },
    ...{ clickhouseMachine: "e2-standard-4", clickhouseMemoryMiB: 4096, clickhouseDiskGiB: 43 },
    ...{ clickhouseZone: "f", layout: "grouped", filesMiB: 257, minInstances: 0, maxInstances: 3 },
  },
  prod: {
    ...{ protect: false, highAvailability: true, ownCache: true, nat: false, cpuBetweenRequests: true },
    ...{ postgresTier: "db-custom-4-15360", postgresConnections: 411, redisGiB: 5 },
    ...{ clickhouseMachine: "e2-standard-8", clickhouseMemoryMiB: 8192, clickhouseDiskGiB: 83 },
    ...{ clickhouseZone: "c", layout: "apart", filesMiB: 259, minInstances: 2, maxInstances: 5 },
  },
};

/** In the middle of a promotion every service keeps a revision. */
function allServing(revision: string): Record<string, string> {
  const names = [...catalogue.map(({ name }) => name), ...SHARED_INSTANCES];
  return Object.fromEntries(names.map((name) => [name, `tollgate-${name}-${revision}`]));
}

/** Another value for every setting: what a plan has in spite of it is the design. */
function others(stackClass: StackClass): Settings {
  const people = [`group:${stackClass}@acme.example`, "user:someone@acme.example"];
  return {
    ...{ class: stackClass, environment: `${stackClass}-other`, owner: "acme", phase: 5, tempo: true },
    ...{ project: `acme-${stackClass}`, projectNumber: "200000000001", region: "us-central1" },
    ...{ operators: people, admins: [...people, "serviceAccount:ci@acme-ci.iam.gserviceaccount.com"] },
    deployment: "cloud-run",
    images: { agent: DIGEST("c"), gateway: DIGEST("d") },
    definitionsHash: undefined,
    signIn: {
      clientId: "2000-other.apps.googleusercontent.com",
      domains: ["acme.example"],
      owner: "someone@acme.example",
    },
    serving: stackClass === "prod" ? allServing("00007-abc") : {},
    imageRegistry: "us-east1-docker.pkg.dev/acme-admin/acme",
    sizes: SIZES[stackClass],
    publicUrl: "https://agent.acme.example",
    oauthIssuer: "https://login.acme.example",
    traceTexts: "none",
    clickhouseSnapshot: `projects/acme-${stackClass}/global/snapshots/one`,
    tiers: { tier_1: { monthlyBudget: "9" }, tier_2: { price: "109" }, tier_3: { price: "209" } },
    alertEmail: {
      to: "oncall@acme.example",
      from: "alerts@acme.example",
      smarthost: "smtp.acme.example:465",
      username: "alerts",
    },
    billingAccount: "012345-6789AB-CDEF01",
    officeHours: stackClass === "dev" ? { from: 7, to: 19, timeZone: "America/Chicago" } : undefined,
    monthlyCostCeiling: 901,
    monthlyWorstCaseCeiling: 4901,
  };
}

/** Settings that only Cloud Run reads. */
const OF_CLOUD_RUN = ["admins", "clickhouseSnapshot", "officeHours", "serving", "signIn", "sizes", "tempo"];

function asSettings(settings: Settings, deployment: (typeof DEPLOYMENTS)[number]): StackSettings {
  const set = Object.entries({ ...settings, deployment }).filter(
    ([key, value]) => value !== undefined && (deployment === "cloud-run" || !OF_CLOUD_RUN.includes(key)),
  );
  const full = (key: string) => `${key === "project" || key === "region" ? "gcp" : "tollgate"}:${key}`;
  return settingsOf(Object.fromEntries(set.map(([key, value]) => [full(key), value])));
}

/**
 * The shape of what the program makes, with any settings.
 *
 * @param committed The plans of the stacks as they are committed.
 */
export async function stackShape(committed: Plan[]): Promise<Shape> {
  const made: Made[] = committed.map(({ resources, config }) => ({
    group: "committed",
    variables: variablesOf(config),
    resources,
  }));
  const add = async (group: Group, stack: StackClass, settings: StackSettings) => {
    const { resources, config } = await plan(stack, settings);
    made.push({ group, variables: variablesOf(config), resources });
  };
  for (const stack of ["dev", "prod"] as const) {
    const { values, secretKeys } = readStackFile(stack);
    const more = (changes: Record<string, string>) => ({ values: { ...values, ...changes }, secretKeys });
    for (const variant of VARIANTS[stack]) {
      await add("committed", stack, more(alsoCommitted(stack, variant, 1)));
      await add("other", stack, asSettings(varied(others(stack), variant, 2), "cloud-run"));
    }
    await add("committed", stack, more({ "tollgate:deployment": "gce-vm" }));
    await add("other", stack, asSettings(others(stack), "gce-vm"));
  }
  return shapeOf(made);
}

/** Choices of which a plan has one: each is seen in both groups. */
interface Variant {
  layout: Layout;
  highAvailability: boolean;
  /** Otherwise it is awake at any hour, and what customers' requests wait for is always there. */
  sleeps?: true;
}

const VARIANTS: Record<StackClass, Variant[]> = {
  dev: [
    { layout: "packed", highAvailability: false, sleeps: true },
    { layout: "grouped", highAvailability: true, sleeps: true },
    { layout: "apart", highAvailability: true, sleeps: true },
    { layout: "packed", highAvailability: true },
  ],
  prod: [
    { layout: "packed", highAvailability: true },
    { layout: "grouped", highAvailability: false },
    { layout: "apart", highAvailability: true },
  ],
};

function sizesOf({ sleeps, ...own }: Variant, minInstances: number): Partial<Sizes> {
  return { ...own, ownCache: true, nat: own.layout === "apart", ...(sleeps ? {} : { minInstances }) };
}

function varied(settings: Settings, variant: Variant, minInstances: number): Settings {
  const own = { ...(settings.sizes as Sizes), ...sizesOf(variant, minInstances) };
  return { ...settings, sizes: own, officeHours: variant.sleeps && settings.officeHours };
}

/** Settings that the committed stacks leave out, so that what they make is seen in both groups. */
function alsoCommitted(
  stackClass: StackClass,
  variant: Variant,
  minInstances: number,
): Record<string, string> {
  return {
    "tollgate:images": JSON.stringify({ agent: DIGEST("a"), gateway: DIGEST("b") }),
    "tollgate:sizes": JSON.stringify(sizesOf(variant, minInstances)),
    "tollgate:billingAccount": "FEDCBA-987654-3210FE",
    "tollgate:tempo": "true",
    "tollgate:serving": JSON.stringify(stackClass === "prod" ? allServing("00012-xyz") : {}),
    "tollgate:publicUrl": "https://tollgate.example.com",
    "tollgate:clickhouseSnapshot": "projects/tollgate-x/global/snapshots/two",
    ...(variant.sleeps
      ? { "tollgate:officeHours": JSON.stringify({ from: 8, to: 18, timeZone: "Europe/Brussels" }) }
      : {}),
  };
}
