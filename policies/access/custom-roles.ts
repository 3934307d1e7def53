import { IAMCustomRole as OrganizationRole } from "@pulumi/gcp/organizations/iamcustomRole";
import { IAMCustomRole as ProjectRole } from "@pulumi/gcp/projects/iamcustomRole";
import { ON_DATABASE, ON_ONE } from "../../components/office-hours";
import { allOf, type Rule } from "../rule";
import { grantsIn } from "./grants";

export const customRoles: Rule = {
  name: "custom-roles",
  description:
    "A role of the stack's own starts and stops what sleeps outside office hours, and does no more.",
  severity: "critical",
  remedy: "Take the permission out of the role, or grant a predefined role in its place",
  settings: { allowed: { type: "array", items: { type: "string" }, default: [...ON_ONE, ...ON_DATABASE] } },
  checkStack: (resources, { allowed }) => {
    const own = [...allOf(resources, ProjectRole), ...allOf(resources, OrganizationRole)];
    const forbidden = own.flatMap(({ name, props }) =>
      (props.permissions ?? [])
        .filter((permission) => permission === undefined || !(allowed as string[]).includes(permission))
        .map((permission) => `${name} includes ${permission ?? "a permission that is not known"}`),
    );
    const known = new Set(own.map(({ name, props }) => props.roleId ?? name));
    const foreign = grantsIn(resources)
      .filter(({ role }) => !role.startsWith("roles/") && /\/roles\//.test(role))
      .filter(({ role }) => !known.has(role.split("/").at(-1)!))
      .map(({ name, role }) => `${name} grants ${role}, which is not part of the stack`);
    return [...forbidden, ...foreign];
  },
};
