/** How the names of clones begin: the right to change and delete is bound to it. */
export const CLONE_PREFIX = "tollgate-drill-";

/** A role of the project's own that who runs drills needs. */
export interface DrillRole {
  id: string;
  title: string;
  /** Google's list: https://cloud.google.com/sql/docs/postgres/iam-permissions */
  permissions: string[];
  /** Held on the clones of drills alone: with it on every instance the ledger could be deleted. */
  onlyClones?: true;
}

export const DRILL_ROLES: readonly DrillRole[] = [
  {
    id: "tollgateDrill",
    title: "Tollgate drill",
    permissions: ["cloudsql.instances.clone", "cloudsql.instances.get", "cloudsql.instances.list"],
  },
  {
    id: "tollgateDrillClone",
    title: "Clones of Tollgate drills",
    permissions: ["cloudsql.instances.delete", "cloudsql.instances.update"],
    onlyClones: true,
  },
];

/** The role's name in IAM policies. */
export const nameOf = ({ id }: DrillRole, project: string) => `projects/${project}/roles/${id}`;

/** The condition that a binding of a role has; none where the role is held on everything. */
export function conditionOf({ onlyClones }: DrillRole, project: string): string | undefined {
  return onlyClones
    ? `resource.type == "sqladmin.googleapis.com/Instance" && resource.name.startsWith("projects/${project}/instances/${CLONE_PREFIX}")`
    : undefined;
}

/** The line that makes a role. */
export function makeRole({ id, title, permissions }: DrillRole, project: string): string {
  return `gcloud iam roles create ${id} --project=${project} --title='${title}' --permissions=${permissions.join(",")}`;
}

/** The command that grants a role to a member. */
export function giveRole(role: DrillRole, project: string, member: string): string {
  const expression = conditionOf(role, project);
  const condition = expression ? `'title=Only clones of drills,expression=${expression}'` : "None";
  return `gcloud projects add-iam-policy-binding ${project} --member=${member} --role=${nameOf(role, project)} --condition=${condition}`;
}
