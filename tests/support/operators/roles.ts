/** What the roles permit that the stack grants around its jobs: https://cloud.google.com/iam/docs/roles-permissions */
export const PERMISSIONS: Record<string, string[]> = {
  "roles/run.invoker": ["run.jobs.run", "run.routes.invoke"],
  "roles/run.jobsExecutorWithOverrides": [
    "run.jobs.run",
    "run.jobs.runWithOverrides",
    "run.executions.cancel",
  ],
  "roles/run.viewer": ["run.jobs.get", "run.executions.get", "run.executions.list"],
  "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list"],
  "roles/storage.objectUser": [
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
    "storage.objects.update",
  ],
};

/** A role of a member on one job or bucket. */
export interface Grant {
  role: string;
  member: string;
  on: string;
}

/** The permission that a call needs and a member lacks. */
export function lacks(
  grants: Grant[],
  member: string,
  on: string,
  permissions: string[],
): string | undefined {
  const held = grants
    .filter((grant) => grant.member === member && grant.on === on)
    .flatMap(({ role }) => PERMISSIONS[role] ?? []);
  return permissions.find((permission) => !held.includes(permission));
}
