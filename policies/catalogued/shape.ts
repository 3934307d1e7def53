import committed from "../../generated/plan/shape.json";
import { isPartOf, walk, type FieldShape, type Shape } from "../../infra/plan/shape";
import type { Props } from "../known";
import { isDefault } from "./provider-defaults";
import { ofAnyType, type Rule } from "../rule";

const SHAPE = committed as Shape;

export const resourcesAsDesigned: Rule = {
  name: "resources-as-designed",
  description:
    "A stack has the kinds of resources, the fields and the choices that the program makes, and no other.",
  severity: "high",
  remedy: "Undo it, or change the program and run `npm run render`, so that the change is reviewed as one",
  settings: { moreTypes: { type: "array", items: { type: "string" }, default: [] } },
  checks: [
    ofAnyType((props, { type, name }, { moreTypes }) => {
      if (OF_THE_PROGRAM.test(type) || (moreTypes as string[]).includes(type)) return [];
      const fields = SHAPE[type];
      const own = Object.fromEntries(
        Object.entries(props).filter(
          ([field, value]) => !isDefault(type, name, field, value) || fields?.[field]?.always,
        ),
      );
      return fields ? differences(own, fields) : [`The program makes no ${type}`];
    }),
  ],
};

/** Components, and what is random: other rules judge its length. */
const OF_THE_PROGRAM = /^(tollgate:|random:|pulumi:)/;

function differences(props: Props, fields: Record<string, FieldShape>): string[] {
  const found: string[] = [];
  const lacking = (value: object, place: string, parent: string) => {
    for (const [path, { always }] of Object.entries(fields)) {
      const key = path.slice(parent === "" ? 0 : parent.length + 1);
      if (always && isPartOf(path, parent) && !(key in value)) found.push(`${join(place, key)} is not set`);
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
    found.push(...judge(place, value, field));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) lacking(value, place, path);
  });
  return found;
}

function judge(place: string, value: unknown, { filled, positive, values }: FieldShape): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return filled && value.length === 0 ? [`${place} is empty`] : [];
  if (values && typeof value !== "object" && !values.includes(value as string))
    return [`${place} is ${shown(value)}, not ${values.map(String).join(" or ")}`];
  return positive && !((value as number) > 0) ? [`${place} is ${shown(value)}, not above 0`] : [];
}

/** A text may be a secret in the wrong place: it is shown only where it is a word of an API. */
function shown(value: unknown): string {
  return typeof value !== "string" || /^[A-Z][A-Z0-9_]{0,40}$/.test(value) ? String(value) : "another value";
}

function join(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}
