import { discovery } from "../support/discovery/document";
import { wrongIn, wrongWith } from "../support/discovery/check";
import { monitoringBody, runBody, secretBody } from "../support/discovery/pulumi-bodies";
import { UNKNOWN } from "../../infra/plan";
import { DIGEST, JOB, PHASES, Planned, POOL, SERVICE, STACKS } from "./support/planned";

const isUnknown = (value: unknown) => value === UNKNOWN;
const run = discovery("run.v2");
const IMAGES = { "tollgate:images": JSON.stringify({ agent: DIGEST, gateway: DIGEST }) };

describe.each(STACKS)("what %s would send to Google is in its published documents", (stack) => {
  it.each(PHASES)("Cloud Run and Secret Manager at phase %i", async (phase) => {
    const plan = await Planned.of(stack, { ...IMAGES, "tollgate:phase": String(phase) });
    const found = [
      ...plan
        .all(SERVICE)
        .flatMap(({ inputs }) => wrongIn(run, "GoogleCloudRunV2Service", runBody(inputs), { isUnknown })),
      ...plan
        .all(POOL)
        .flatMap(({ inputs }) => wrongIn(run, "GoogleCloudRunV2WorkerPool", runBody(inputs), { isUnknown })),
      ...plan
        .all(JOB)
        .flatMap(({ inputs }) => wrongIn(run, "GoogleCloudRunV2Job", runBody(inputs), { isUnknown })),
      ...plan
        .all("gcp:secretmanager/secret:Secret")
        .flatMap(({ inputs }) =>
          wrongIn(discovery("secretmanager.v1"), "Secret", secretBody(inputs), { isUnknown }),
        ),
    ];
    expect(plan.all(SERVICE).length + plan.all(JOB).length).toBeGreaterThan(5);
    expect(found).toEqual([]);
  });

  it.each(["apart", "grouped", "packed"])("Cloud Run in the layout %s", async (layout) => {
    const plan = await Planned.of(stack, { ...IMAGES, "tollgate:sizes": JSON.stringify({ layout }) });
    expect(plan.all(POOL)).toHaveLength(layout === "grouped" ? 1 : 0);
    const bodies = [
      ...plan.all(SERVICE).map(({ inputs }) => ["GoogleCloudRunV2Service", inputs] as const),
      ...plan.all(POOL).map(({ inputs }) => ["GoogleCloudRunV2WorkerPool", inputs] as const),
    ];
    for (const [schema, inputs] of bodies)
      expect(wrongIn(run, schema, runBody(inputs), { isUnknown })).toEqual([]);
  });

  it("what Cloud Monitoring watches from outside, where nothing sleeps", async () => {
    const plan = await Planned.of(stack, IMAGES);
    const made = {
      AlertPolicy: plan.all("gcp:monitoring/alertPolicy:AlertPolicy"),
      UptimeCheckConfig: plan.all("gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"),
      NotificationChannel: plan.all("gcp:monitoring/notificationChannel:NotificationChannel"),
    };
    expect(Object.values(made).map(({ length }) => length)).toEqual(stack === "prod" ? [2, 1, 1] : [0, 0, 0]);
    for (const [schema, resources] of Object.entries(made))
      for (const { inputs } of resources)
        expect(wrongIn(discovery("monitoring.v3"), schema, monitoringBody(inputs), { isUnknown })).toEqual(
          [],
        );
  });

  it("the secrets of the one machine", async () => {
    const plan = await Planned.of(stack, { ...IMAGES, "tollgate:deployment": "gce-vm" });
    const secrets = plan.all("gcp:secretmanager/secret:Secret");
    expect(secrets.length).toBeGreaterThan(10);
    for (const { inputs } of secrets)
      expect(wrongIn(discovery("secretmanager.v1"), "Secret", secretBody(inputs), { isUnknown })).toEqual([]);
  });
});

describe("a request is refused that", () => {
  const container = { image: "a/b@sha256:1", resources: { limits: { cpu: "1" } } };
  const service = (changes: object) => ({ template: { containers: [container] }, ...changes });
  it.each<[string, object, string]>([
    ["has a field that there is not", { ingres: "INGRESS_TRAFFIC_ALL" }, "body.ingres is not a field"],
    ["has another type", { template: { containers: container } }, "body.template.containers must be a list"],
    [
      "has none of the values",
      { ingress: "internal" },
      'body.ingress "internal" must be one of INGRESS_TRAFFIC_UNSPECIFIED',
    ],
    ["sets what is only answered", { uri: "https://x" }, "body.uri is only ever answered"],
    [
      "leaves out what is required",
      { template: { containers: [{}] } },
      "body.template.containers[0].image is required",
    ],
    [
      "has a duration in another form",
      { template: { containers: [container], timeout: "5m" } },
      'body.template.timeout "5m" must be of type google-duration',
    ],
    [
      "has text where a number is",
      { template: { containers: [container], maxInstanceRequestConcurrency: "80" } },
      'body.template.maxInstanceRequestConcurrency "80" must be of type int32',
    ],
  ])("%s", (_, changes, finding) => {
    const found = wrongIn(run, "GoogleCloudRunV2Service", service(changes));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(finding);
  });

  it("goes to no method, or has a parameter that there is not", () => {
    const path = "v2/projects/p/locations/l/services";
    expect(wrongWith(run, { verb: "POST", path, query: ["serviceId", "alt"], body: service({}) })).toEqual(
      [],
    );
    expect(wrongWith(run, { verb: "POST", path, query: ["service"], body: service({}) })).toEqual([
      "run.projects.locations.services.create: ?service is not a parameter",
    ]);
    expect(wrongWith(run, { verb: "PUT", path, query: [], body: {} })).toEqual([
      `PUT ${path} is not a method of the API`,
    ]);
  });
});
