import committed from "../../generated/plan/shape.json";
import { partsOf, walk, type FieldShape, type Shape, type TypeShape } from "../../infra/plan/shape";
import {
  candidatesOf,
  hasVariable,
  nameTemplate,
  variablesOf,
  type Variables,
} from "../../infra/plan/templates";
import type { Props } from "../known";
import { isDefault } from "./provider-defaults";
import { ofAnyType, type Rule } from "../rule";
import { stackConfig } from "../stack-settings";

const SHAPE = committed as Shape;

export const resourcesAsDesigned: Rule = {
  name: "resources-as-designed",
  description:
    "A stack has the resources, the fields and the values that the program makes of its settings, and no other.",
  severity: "high",
  remedy: "Undo it, or change the program and run `npm run render`, so that the change is reviewed as one",
  settings: { moreTypes: { type: "array", items: { type: "string" }, default: [] } },
  checks: [
    ofAnyType((props, { type, name, ignoreChanges }, { moreTypes }) => {
      if (OF_THE_PROGRAM.test(type) || isDefaultProvider(type, name)) return [];
      if ((moreTypes as string[]).includes(type)) return [];
      const shape = SHAPE[type];
      if (!shape) return [`The program makes no ${type}`];
      const variables = variablesOfStack();
      const known = variables && nameTemplate(name, variables);
      if (known !== undefined && !shape.names.includes(known))
        return [`The program makes no ${type} ${name}`];
      const own = Object.fromEntries(
        Object.entries(props).filter(
          ([field, value]) => !isDefault(type, name, field, value) || shape.fields[field]?.always,
        ),
      );
      // What office hours change is as it is in the cloud.
      const isIgnored = (finding: string) => ignoreChanges.some((field) => finding.startsWith(field));
      return [
        ...differences(own, shape, known, variables).filter((each) => !isIgnored(each)),
        ...elsewhere(own),
      ];
    }),
  ],
};

/** Components, what is random, which other rules judge, and what the engine itself adds. */
const OF_THE_PROGRAM = /^(tollgate:|random:index\/random(Password|Bytes):|pulumi:pulumi:Stack$)/;

/** The provider that the engine makes of the stack's settings; one of the program's own may act in another project. */
const isDefaultProvider = (type: string, name: string) =>
  type.startsWith("pulumi:providers:") && name.startsWith("default");

/** None for a pack that is asked without a stack. */
function variablesOfStack(): Variables | undefined {
  const config = stackConfig();
  return config && variablesOf(config);
}

function differences(
  props: Props,
  shape: TypeShape,
  name: string | undefined,
  variables: Variables | undefined,
): string[] {
  const { fields } = shape;
  const needed = neededIn(shape);
  const found: string[] = [];
  const lacking = (value: object, place: string, parent: string) => {
    for (const path of needed.get(parent) ?? []) {
      const key = path.slice(parent === "" ? 0 : parent.length + 1);
      if (!(key in value)) found.push(`${join(place, key)} is not set`);
    }
  };
  lacking(props, "", "");
  walk(props, "", (path, value, place) => {
    const field = fields[path];
    // What is below a field that is not of the design is not either.
    if (!field) {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")));
      if (parent === "" || fields[parent]) found.push(`${place} is set, which the program does not`);
      return;
    }
    found.push(...judge(place, value, field, name, variables));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) lacking(value, place, path);
  });
  return found;
}

const neededBy = new WeakMap<TypeShape, Map<string, string[]>>();

/** The fields that are always set, by what they are part of. */
function neededIn(shape: TypeShape): Map<string, string[]> {
  const before = neededBy.get(shape);
  if (before) return before;
  const always = Object.entries(shape.fields).flatMap(([path, field]) => (field.always ? [path] : []));
  const made = partsOf(always);
  neededBy.set(shape, made);
  return made;
}

function judge(
  place: string,
  value: unknown,
  { filled, length, only, positive, values, byName }: FieldShape,
  name: string | undefined,
  variables: Variables | undefined,
): string[] {
  if (only && name !== undefined && !only.includes(name))
    return [`${place} is set, which the program does for others only`];
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    if (length !== undefined && value.length !== length)
      return [`${place} has ${value.length} entries, not ${length}`];
    return filled && value.length === 0 ? [`${place} is empty`] : [];
  }
  const choices = (name === undefined ? undefined : byName?.[name]) ?? values;
  if (choices && typeof value !== "object") {
    const candidates = variables ? candidatesOf(value as string, variables) : [value as string];
    // Where the stack is not known, neither is what its settings make.
    const isOpen = !variables && choices.some(hasVariable);
    if (!isOpen && !candidates.some((each) => choices.includes(each)))
      return [`${place} is ${shown(value)}, not ${choices.map(String).join(" or ")}`];
  }
  return positive && !((value as number) > 0) ? [`${place} is ${shown(value)}, not above 0`] : [];
}

/** Projects whose images machines start from. */
const OF_GOOGLE = ["cos-cloud", "ubuntu-os-cloud"];
const IN_PROJECT = /\bprojects\/([a-z0-9-]+)\//g;

/** References to what is in a project that the stack does not name. */
function elsewhere({ metadata: _, content: _content, ...props }: Props): string[] {
  const config = stackConfig();
  if (!config) return [];
  const own = [
    ...[config.project, config.projectNumber, config.imageRegistry.split("/")[1]!, ...OF_GOOGLE],
    ...(config.clickhouseSnapshot?.split("/").slice(1, 2) ?? []),
  ];
  const found: string[] = [];
  walk(props, "", (_path, value, place) => {
    for (const [, project = ""] of typeof value === "string" ? value.matchAll(IN_PROJECT) : [])
      if (!own.includes(project))
        found.push(`${place} is in the project ${project}, which the stack does not name`);
  });
  return found;
}

/** A text may be a secret in the wrong place: it is shown only where it is a word of an API. */
function shown(value: unknown): string {
  return typeof value !== "string" || /^[A-Z][A-Z0-9_]{0,40}$/.test(value) ? String(value) : "another value";
}

function join(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}
