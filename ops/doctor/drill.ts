import { z } from "zod";
import { conditionOf, DRILL_ROLES, giveRole, makeRole, nameOf, type DrillRole } from "../drill/roles";
import { askJson, missing, ok, type Ask, type Finding, type Step, type Subject } from "./check";

type Found = Omit<Finding, "step">;

const BINDING = z.object({
  role: z.string(),
  members: z.array(z.string()).default([]),
  condition: z.object({ expression: z.string() }).optional(),
});
type Binding = z.output<typeof BINDING>;
const POLICY = z.object({ bindings: z.array(BINDING).default([]) });
const ROLE = z.object({
  includedPermissions: z.array(z.string()).default([]),
  deleted: z.boolean().optional(),
});

/** Roles that hold every permission of a drill, and many others. */
const WIDE = ["roles/owner", "roles/cloudsql.admin"];

/** Whether somebody who may run the stack's jobs may clone the ledger's instance, and delete the clone and nothing else. */
export const drillStep: Step = {
  name: "drill",
  check: async (subject, ask) => {
    const { project, admins } = subject;
    const { bindings } = await askJson(
      ask,
      POLICY,
      ...(["gcloud", "projects", "get-iam-policy", project, "--format=json"] as const),
    );
    const wide = bindings.find(
      ({ role, members, condition }) =>
        WIDE.includes(role) && !condition && members.some((member) => admins.includes(member)),
    );
    const found: Found[] = [];
    for (const role of DRILL_ROLES) {
      found.push(...tooWide(role, project, bindings));
      if (wide) continue;
      found.push(...(await unmade(role, project, ask)), ...ungiven(role, subject, bindings));
    }
    if (found.length > 0) return found;
    return ok(wide ? `${wide.role} has the rights` : DRILL_ROLES.map(({ id }) => id).join(", "));
  },
};

/** What a role of the project lacks, or that there is none. */
async function unmade(role: DrillRole, project: string, ask: Ask): Promise<Found[]> {
  let made: z.output<typeof ROLE>;
  try {
    const line = ["iam", "roles", "describe", role.id, `--project=${project}`, "--format=json"];
    made = await askJson(ask, ROLE, "gcloud", ...line);
  } catch (error) {
    if (!/NOT_FOUND|not found/i.test((error as Error).message)) throw error;
    return [missing(`the role ${role.id} does not exist`, makeRole(role, project))];
  }
  if (made.deleted)
    return [
      missing(`the role ${role.id} is deleted`, `gcloud iam roles undelete ${role.id} --project=${project}`),
    ];
  const absent = role.permissions.filter((each) => !made.includedPermissions.includes(each));
  return absent.length === 0
    ? []
    : [
        missing(
          `the role ${role.id} lacks ${absent.join(", ")}`,
          `gcloud iam roles update ${role.id} --project=${project} --add-permissions=${absent.join(",")}`,
        ),
      ];
}

function ungiven(role: DrillRole, { project, admins }: Subject, bindings: Binding[]): Found[] {
  const held = bindings.some(
    (binding) => isOf(role, project, binding) && binding.members.some((member) => admins.includes(member)),
  );
  const [first = "group:..."] = admins;
  return held ? [] : [missing(`none of tollgate:admins has ${role.id}`, giveRole(role, project, first))];
}

/** Bindings that reach further than the clones of drills. */
function tooWide(role: DrillRole, project: string, bindings: Binding[]): Found[] {
  return bindings
    .filter((binding) => binding.role === nameOf(role, project) && !isOf(role, project, binding))
    .flatMap(({ members }) =>
      members.map((member) =>
        missing(
          `${member} has ${role.id} on other instances than the clones of drills`,
          `gcloud projects remove-iam-policy-binding ${project} --member=${member} --role=${nameOf(role, project)} --all && ${giveRole(role, project, member)}`,
        ),
      ),
    );
}

/** Whether a binding grants a role within its scope. */
function isOf(role: DrillRole, project: string, binding: Binding): boolean {
  const expected = conditionOf(role, project);
  return (
    binding.role === nameOf(role, project) &&
    (expected === undefined ? !binding.condition : binding.condition?.expression === expected)
  );
}
