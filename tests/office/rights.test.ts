import { OfficeHours, type Sleeper } from "../../components/office-hours";
import { settle, type PlannedResource } from "../../infra/plan";
import { recordResources } from "../../infra/plan/monitor";
import { methodOf, wrongWith } from "../support/discovery/check";
import { discovery } from "../support/discovery/document";
import { Planned } from "../program/support/planned";

const RUNS_AS: Record<string, string> = {
  web: "web@acme-dev.iam.gserviceaccount.com",
  queue: "queue@acme-dev.iam.gserviceaccount.com",
};
const SLEEPERS: Sleeper[] = [
  { name: "web", kind: "service", id: "web", runsAs: RUNS_AS["web"]! },
  { name: "queue", kind: "worker-pool", id: "queue", runsAs: RUNS_AS["queue"]! },
  { name: "postgres", kind: "database", instance: "ledger" },
  { name: "clickhouse", kind: "machine", instance: "traces", zone: "europe-west1-b" },
];

const DOCUMENTS: Record<string, string> = {
  "run.googleapis.com": "run.v2",
  "sqladmin.googleapis.com": "sqladmin.v1beta4",
  // The methods are those of v1.
  "compute.googleapis.com": "compute.beta",
};

/**
 * What a method asks for on what it changes, which it reads first, and whether on what that runs as:
 * https://cloud.google.com/run/docs/configuring/services/manual-scaling#required_roles,
 * https://cloud.google.com/sql/docs/postgres/iam-permissions,
 * https://cloud.google.com/compute/docs/instances/stop-start-instance
 */
const NEEDS: Record<string, { permissions: string[]; actsAs?: true }> = {
  "run.projects.locations.services.patch": {
    permissions: ["run.services.get", "run.services.update"],
    actsAs: true,
  },
  "run.projects.locations.workerPools.patch": {
    permissions: ["run.workerpools.get", "run.workerpools.update"],
    actsAs: true,
  },
  "sql.instances.patch": { permissions: ["cloudsql.instances.get", "cloudsql.instances.update"] },
  "compute.instances.start": { permissions: ["compute.instances.get", "compute.instances.start"] },
  "compute.instances.stop": { permissions: ["compute.instances.get", "compute.instances.stop"] },
};

/** The call that a schedule makes, and the name of what it changes. */
function callOf({ inputs }: PlannedResource) {
  const { httpMethod: verb, uri, body } = inputs["httpTarget"] as Record<string, string>;
  const { hostname, pathname, searchParams } = new URL(uri!);
  const document = discovery(DOCUMENTS[hostname]!);
  const path = pathname.replace("/compute/v1/", "/compute/beta/");
  const request = {
    verb: verb!,
    path,
    query: [...searchParams.keys()],
    body: body ? (JSON.parse(Buffer.from(body, "base64").toString()) as unknown) : undefined,
  };
  const target = /\/(?:services|workerPools|instances)\/([^/]+)/.exec(path)![1]!;
  return { document, request, target, method: methodOf(document, request.verb, path)!.id };
}

/** What the account holds, each as a permission and the name of what it is held on. */
function held(made: Planned): string[] {
  const permissionsOf = (role: string): string[] =>
    role === "roles/iam.serviceAccountUser"
      ? ["iam.serviceAccounts.actAs"]
      : (made
          .all("gcp:projects/iAMCustomRole:IAMCustomRole")
          .find(({ inputs }) => role.endsWith(`/roles/${String(inputs["roleId"])}`))!.inputs[
          "permissions"
        ] as string[]);
  const on: Record<string, [prefix: string, (inputs: PlannedResource["inputs"]) => unknown]> = {
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": ["run.services.", ({ name }) => name],
    "gcp:cloudrunv2/workerPoolIamMember:WorkerPoolIamMember": ["run.workerpools.", ({ name }) => name],
    "gcp:compute/instanceIAMMember:InstanceIAMMember": ["compute.", ({ instanceName }) => instanceName],
    "gcp:serviceaccount/iAMMember:IAMMember": [
      "iam.",
      ({ serviceAccountId }) => String(serviceAccountId).split("/").at(-1),
    ],
    "gcp:projects/iAMMember:IAMMember": [
      "cloudsql.",
      ({ condition }) =>
        /resource\.name == "projects\/acme-dev\/instances\/([^"]+)"$/.exec(
          (condition as { expression: string }).expression,
        )?.[1],
    ],
  };
  return made.resources.flatMap(({ type, inputs }) => {
    const [prefix, targetOf] = on[type] ?? [];
    if (!prefix || !targetOf) return [];
    const permissions = permissionsOf(String(inputs["role"])).filter((each) => each.startsWith(prefix));
    return permissions.map((permission) => `${permission} on ${String(targetOf(inputs))}`);
  });
}

describe("the account of office hours", () => {
  let made: Planned;
  beforeAll(async () => {
    const resources: PlannedResource[] = [];
    await recordResources("dev", resources);
    new OfficeHours("office", {
      project: "acme-dev",
      region: "europe-west1",
      from: 8,
      to: 18,
      timeZone: "Europe/Brussels",
      sleepers: SLEEPERS,
    });
    await settle(() => resources.length);
    made = new Planned(resources);
  });
  const calls = () => made.all("gcp:cloudscheduler/job:Job").map(callOf);

  it("calls what Google's documents have", () => {
    expect(calls()).toHaveLength(2 * SLEEPERS.length);
    for (const { document, request } of calls()) expect(wrongWith(document, request)).toEqual([]);
  });

  it("may do what its schedules call, and nothing else", () => {
    const needed = calls().flatMap(({ method, target }) => {
      const { permissions, actsAs } = NEEDS[method]!;
      return [
        ...permissions.map((permission) => `${permission} on ${target}`),
        ...(actsAs ? [`iam.serviceAccounts.actAs on ${RUNS_AS[target]}`] : []),
      ];
    });
    expect([...new Set(held(made))].sort()).toEqual([...new Set(needed)].sort());
  });
});
