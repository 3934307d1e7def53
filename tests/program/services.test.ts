import { catalogue, servicesOfPhase, type EnvValue, type Service } from "../../catalogue";
import { envOf } from "../../catalogue/target";
import { JOB, PHASES, Planned, POOL, runnerOf, SERVICE, STACKS } from "./support/planned";

/* eslint-disable @typescript-eslint/no-explicit-any */

/** What a stack may have and need not. */
const settings = {
  "tollgate:tempo": "true",
  "tollgate:publicUrl": "https://agent.example.com",
  "tollgate:oauthIssuer": "https://login.example.com",
  "tollgate:traceTexts": "none",
  "tollgate:signIn": JSON.stringify({
    clientId: "1234-abcd.apps.googleusercontent.com",
    domains: ["example.com", "example.org"],
    owner: "owner@example.com",
  }),
};
const plans = new Map<string, Planned>();
beforeAll(async () => {
  for (const stack of STACKS) plans.set(stack, await Planned.of(stack, settings));
});
const planOf = (stack: string) => plans.get(stack)!;
const onCloudRun = catalogue.filter(({ targets }) => !targets?.gcp);
const container = (plan: Planned, name: string) => runnerOf(plan, name).container;
const shares = ({ share }: Service) => share !== undefined;

describe.each(STACKS)("%s: every service of the catalogue", (stack) => {
  it("has its container, or says why not", () => {
    const planned = [...planOf(stack).all(SERVICE), ...planOf(stack).all(POOL)].flatMap(({ inputs }) =>
      (inputs["template"] as any).containers.map(({ name }: any) => name),
    );
    const own = planned.filter((name) => !["collector", "router"].includes(name));
    expect(own.sort()).toEqual([...onCloudRun.map(({ name }) => name), "langfuse-console"].sort());
    for (const { name, targets } of catalogue.filter(({ targets }) => targets?.gcp)) {
      expect([name, targets!.gcp!.length > 5]).toEqual([name, true]);
    }
  });

  it.each(onCloudRun.map((service) => [service.name, service] as const))(
    "%s: port and probes",
    (name, service) => {
      const { ports, startupProbe, livenessProbe } = container(planOf(stack), name);
      if (!shares(service)) expect(ports).toEqual({ containerPort: service.port });
      expect(startupProbe.httpGet).toEqual({ path: service.probe!.path, port: service.port });
      expect(livenessProbe?.httpGet.path).toBe(service.probe!.livePath);
      // Direct VPC egress may delay a start by a minute.
      expect(startupProbe.failureThreshold * startupProbe.periodSeconds).toBeGreaterThanOrEqual(
        service.probe!.startupSeconds + 60,
      );
    },
  );

  it.each(onCloudRun.map((service) => [service.name, service] as const))(
    "%s: environment",
    (name, service) => {
      const planned = Object.fromEntries(
        container(planOf(stack), name).envs.map((env: any) => [
          env.name,
          env.value ?? env.valueSource.secretKeyRef,
        ]),
      );
      expect(Object.keys(planned).sort()).toEqual(Object.keys(envOf(service, "gcp")).sort());
      for (const [variable, value] of Object.entries(envOf(service, "gcp"))) {
        expectValue(planned[variable], value);
      }
    },
  );

  it.each(onCloudRun.map((service) => [service.name, service] as const))("%s: files", (name, service) => {
    const { template } = runnerOf(planOf(stack), name);
    const mounts = new Map<string, any>(
      container(planOf(stack), name).volumeMounts.map(({ mountPath, name: volume }: any) => [
        mountPath,
        template.volumes.find((each: any) => each.name === volume),
      ]),
    );
    for (const [path, folder] of Object.entries(service.configFiles ?? {})) {
      expect(mounts.get(path).gcs.mountOptions[0]).toMatch(new RegExp(`^only-dir=${folder}/[0-9a-f]{12}$`));
      expect(mounts.get(path).gcs.readOnly).toBe(true);
    }
    for (const { mountPath, bucket } of service.volumes ?? []) {
      if (!bucket) continue;
      const { gcs } = mounts.get(mountPath);
      expect(gcs).toEqual({
        bucket: expect.stringMatching(`-${bucket}$`),
        readOnly: false,
        mountOptions: expect.arrayContaining(["uid=65534"]),
      });
    }
    for (const [path, secret] of Object.entries(service.secretFiles ?? {})) {
      const at = path.lastIndexOf("/");
      const volume = mounts.get(path.slice(0, at));
      expect(volume.secret).toMatchObject({ secret, items: [{ path: path.slice(at + 1) }] });
    }
  });

  it("takes at least what the catalogue asks for, written as the API answers it", () => {
    for (const { name, memoryMiB, cpu, share } of onCloudRun) {
      const { limits } = container(planOf(stack), name).resources;
      expect(limits.cpu).toMatch(/^([1-8]|\d{2,3}m)$/);
      const vcpu = limits.cpu.endsWith("m") ? parseInt(limits.cpu) / 1000 : Number(limits.cpu);
      expect([name, vcpu >= (runsAlone(name) ? cpu : share!.cpu)]).toEqual([name, true]);
      expect(limits.memory).toMatch(/^\d+Mi$/);
      const least = runsAlone(name) ? memoryMiB : share!.memoryMiB;
      expect(parseInt(limits.memory)).toBeGreaterThanOrEqual(least);
    }
    function runsAlone(name: string): boolean {
      return runnerOf(planOf(stack), name).name === name;
    }
  });

  it("runs as its own account, in the network, by digest", () => {
    for (const { name, inputs } of [...planOf(stack).all(SERVICE), ...planOf(stack).all(POOL)]) {
      const template = inputs["template"] as any;
      expect(template.vpcAccess).toMatchObject({
        egress: stack === "prod" ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY",
      });
      expect(template.serviceAccount).toBeDefined();
      for (const { image } of template.containers) {
        expect([name, image === "[unknown]" || /@sha256:[0-9a-f]{64}$/.test(image)]).toEqual([name, true]);
      }
    }
  });
});

function expectValue(planned: unknown, value: EnvValue): void {
  if (typeof value === "string") expect(planned).toBe(value);
  else if ("length" in value) expect(typeof planned).toBe("string");
  else if ("secret" in value) expect(planned).toEqual({ secret: value.secret, version: "1" });
  else if ("url" in value || "publicUrl" in value)
    expect(planned).toMatch(/^(https?|clickhouse):\/\/[a-z0-9.-]+/);
  else expect(typeof planned).toBe("string");
}

describe("who reaches what", () => {
  it.each(STACKS)("%s: only the agent keeps a client at one instance", (stack) => {
    const planned = plans.get(stack)!;
    const names = planned.all(SERVICE).map(({ name }) => name);
    const kept = names.filter((name) => planned.inputs(SERVICE, name).template.sessionAffinity === true);
    expect(kept).toEqual(["agent"]);
  });

  it.each(STACKS)(
    "%s: only the agent is public; Grafana and Langfuse's console are for operators",
    (stack) => {
      const by = (test: (inputs: any) => boolean) =>
        planOf(stack)
          .all(SERVICE)
          .filter(({ inputs }) => test(inputs))
          .map(({ name }) => name);
      expect(
        by(({ ingress, iapEnabled }) => ingress !== "INGRESS_TRAFFIC_INTERNAL_ONLY" && !iapEnabled),
      ).toEqual(["agent"]);
      expect(by(({ iapEnabled }) => iapEnabled)).toEqual(["grafana", "langfuse-console"]);
      // Around the proxy there is no way in.
      expect(by(({ iapEnabled, invokerIamDisabled }) => iapEnabled && invokerIamDisabled)).toEqual([]);
    },
  );

  it.each(["dev"])("%s: one job alone migrates Langfuse's databases, before its services", (stack) => {
    const migrates = (envs: { name: string; value?: string }[]) =>
      envs.some(({ name }) => name === "CLICKHOUSE_MIGRATION_URL") &&
      envs.filter(({ name, value }) => /AUTO_\w+_MIGRATION_DISABLED/.test(name) && value === "true").length <
        2;
    const plan = planOf(stack);
    const migrating = [...plan.all(SERVICE), ...plan.all(JOB)].filter(({ inputs: { template } }) =>
      ((template as any).template ?? (template as any)).containers.some(({ envs }: any) => migrates(envs)),
    );
    expect(migrating.map(({ type, name }) => [type, name])).toEqual([[JOB, "langfuse-migrations"]]);
    for (const name of ["langfuse-web", "langfuse-worker", "langfuse-console"])
      expect(plan.one("tollgate:gcp:RunService", runnerName(name)).dependsOn).toContain(
        `${JOB}::langfuse-migrations`,
      );
    function runnerName(name: string): string {
      return name === "langfuse-worker" ? "watch" : name;
    }
  });

  it("admits the configured operators only", async () => {
    const plan = await Planned.of("dev", {
      "tollgate:operators": '["user:a@example.com","user:b@example.com"]',
    });
    const members = plan.all("gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember");
    expect(members.map(({ name }) => name).sort()).toEqual([
      "grafana-user:a@example.com",
      "grafana-user:b@example.com",
      "langfuse-console-user:a@example.com",
      "langfuse-console-user:b@example.com",
    ]);
    expect(new Set(members.map(({ inputs }) => inputs["role"]))).toEqual(
      new Set(["roles/iap.httpsResourceAccessor"]),
    );
  });
});

describe("how people sign in", () => {
  const envOfContainer = (plan: Planned, name: string) =>
    Object.fromEntries(
      container(plan, name).envs.map(({ name, value, valueSource }: any) => [
        name,
        value ?? valueSource.secretKeyRef.secret,
      ]),
    );

  it("Grafana takes the proxy's assertion for itself alone, and has no password at all", async () => {
    const plan = await Planned.of("prod", {
      "tollgate:admins": '["user:Ann@example.com","group:platform@example.com"]',
    });
    const env = envOfContainer(plan, "grafana");
    expect(JSON.parse(env.GF_AUTH_JWT_EXPECT_CLAIMS)).toEqual({
      iss: "https://cloud.google.com/iap",
      aud: "/projects/100000000002/locations/europe-west1/services/tollgate-grafana",
    });
    expect(plan.one(SERVICE, "grafana").inputs["name"]).toBe("tollgate-grafana");
    expect(env).toMatchObject({
      GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH: "contains(`[\"ann@example.com\"]`, email) && 'Admin' || 'Editor'",
      GF_AUTH_BASIC_ENABLED: "false",
      GF_AUTH_DISABLE_LOGIN_FORM: "true",
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
    });
    expect(Object.keys(env)).not.toContain("GF_SECURITY_ADMIN_PASSWORD");
    expect(envOfContainer(planOf("prod"), "grafana").GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH).toBe("'Editor'");
  });

  it.each(["langfuse-web", "langfuse-console"])(
    "%s takes Google accounts of the domains, and no password",
    (name) => {
      expect(envOfContainer(planOf("prod"), name)).toMatchObject({
        AUTH_GOOGLE_CLIENT_ID: "1234-abcd.apps.googleusercontent.com",
        AUTH_GOOGLE_CLIENT_SECRET: expect.stringContaining("google-client-secret"),
        AUTH_GOOGLE_ALLOWED_DOMAINS: "example.com,example.org",
        AUTH_DISABLE_USERNAME_PASSWORD: "true",
        AUTH_DISABLE_SIGNUP: "false",
        LANGFUSE_INIT_USER_EMAIL: "owner@example.com",
        LANGFUSE_DEFAULT_ORG_ID: "tollgate",
        LANGFUSE_DEFAULT_ORG_ROLE: "MEMBER",
      });
    },
  );

  it("Langfuse keeps its password, and takes nobody new, where there is no OAuth client", async () => {
    const env = envOfContainer(await Planned.of("dev"), "langfuse-web");
    expect(env).toMatchObject({ AUTH_DISABLE_USERNAME_PASSWORD: "false", AUTH_DISABLE_SIGNUP: "true" });
    for (const absent of ["AUTH_GOOGLE_CLIENT_ID", "AUTH_GOOGLE_ALLOWED_DOMAINS"])
      expect(Object.keys(env)).not.toContain(absent);
  });
});

describe("Tempo", () => {
  const routed = { apart: "traces", grouped: "traces", packed: "watch" };
  const valueOf = ({ envs }: any, name: string) => envs.find((each: any) => each.name === name)?.value;

  it.each(Object.entries(routed))(
    "gets spans and is asked at one address each in the layout %s",
    async (layout, instance) => {
      const plan = await Planned.of("prod", { ...settings, "tollgate:sizes": JSON.stringify({ layout }) });
      const at = `https://tollgate-${instance}-100000000002.europe-west1.run.app`;
      for (const name of ["agent", "gateway"])
        expect(valueOf(container(plan, name), "TEMPO_URL")).toBe(`${at}/tempo-otlp`);
      expect(valueOf(container(plan, "grafana"), "TEMPO_URL")).toBe(`${at}/tempo`);
      const { containers } = plan.one(SERVICE, instance).inputs["template"] as any;
      const router = containers.find(({ name }: any) => name === "router");
      expect(valueOf(router, "ROUTES")).toContain("tempo 3200; tempo-otlp 4318;");
      // In `apart` no container has a part of a vCPU.
      if (layout === "apart")
        for (const { resources } of containers)
          expect(Number(resources.limits.cpu)).toBeGreaterThanOrEqual(1);
    },
  );

  it("is asked for nothing, and sent nothing, where the stack has none", async () => {
    const plan = await Planned.of("prod");
    for (const name of ["agent", "gateway", "grafana"])
      expect([name, valueOf(container(plan, name), "TEMPO_URL")]).toEqual([name, undefined]);
  });
});

describe("instances", () => {
  it("are one and always on for what keeps state or works between requests", () => {
    for (const { name } of onCloudRun.filter(({ singleton }) => singleton)) {
      const { template, container } = runnerOf(planOf("dev"), name);
      expect([name, template.scaling]).toEqual([name, { minInstanceCount: 1, maxInstanceCount: 1 }]);
      expect(container.resources.cpuIdle).toBe(false);
    }
  });

  it("sleep in dev and never in prod for what customers wait for", () => {
    expect(planOf("dev").inputs(SERVICE, "agent").template.scaling.minInstanceCount).toBe(0);
    expect(planOf("prod").inputs(SERVICE, "agent").template.scaling.minInstanceCount).toBe(1);
  });
});

describe("the collector", () => {
  const measured = (service: Service) => service.metrics !== undefined && !service.singleton;

  it("sits in each instance of what scales, scrapes it, and sends to Prometheus", () => {
    for (const { name, metrics } of onCloudRun.filter(measured)) {
      const sidecar = planOf("dev").inputs(SERVICE, name).template.containers[1];
      const env = Object.fromEntries(sidecar.envs.map((each: any) => [each.name, each.value]));
      expect(env).toMatchObject({
        SERVICE_NAME: name,
        METRICS_ADDRESS: `localhost:${metrics!.port}`,
        METRICS_PATH: metrics!.path,
        PROMETHEUS_URL: "https://tollgate-watch-100000000001.europe-west1.run.app/prometheus",
      });
    }
  });

  it("is not in what Prometheus scrapes itself, nor where there is no Prometheus", async () => {
    for (const { name } of onCloudRun.filter(({ singleton }) => singleton)) {
      const names = runnerOf(planOf("prod"), name).template.containers.map((each: any) => each.name);
      expect(names).not.toContain("collector");
    }
    const phase1 = await Planned.of("dev", { "tollgate:phase": "1" });
    for (const { inputs } of phase1.all(SERVICE))
      expect((inputs["template"] as any).containers).toHaveLength(1);
  });
});

describe("the gateway", () => {
  it("starts after the ledger's migrations have succeeded, and they after the roles", () => {
    const plan = planOf("dev");
    expect(plan.one("tollgate:gcp:Gateway").dependsOn).toContain(`${JOB}::gateway-migrations`);
    expect(plan.one("tollgate:gcp:RunJob", "gateway-migrations").dependsOn).toContain(
      `${JOB}::database-roles`,
    );
    expect(plan.inputs(JOB, "gateway-migrations")).toMatchObject({
      runExecutionToken: expect.stringMatching(/^[0-9a-f]{12}$/),
      template: { template: { containers: [{ commands: ["python", "-m", "tollgate_guard.migrate"] }] } },
    });
  });

  it("says every tier's budget in words, in a revision and as the component's inputs", () => {
    const plan = planOf("prod");
    expect(plan.inputs("tollgate:gcp:Gateway").budgets.tier_2).toEqual({
      price: "$99.00 a month",
      monthlyBudget: "$18.00 a month",
      share: 18.2,
      priceNanos: 99_000_000_000,
      monthlyBudgetNanos: 18_000_000_000,
    });
    expect(plan.inputs(SERVICE, "gateway").template.annotations["tollgate.dev/tier-3-budget"]).toBe(
      "tier_3 monthly budget $35.00 a month of $199.00 a month (17.6 %)",
    );
  });

  it("gets a new revision, file and run of the migrations when a budget changes, and the old file stays", async () => {
    const before = planOf("dev");
    const after = await Planned.of("dev", {
      ...settings,
      "tollgate:tiers": '{"tier_2":{"monthlyBudget":"20"}}',
    });
    const folder = (plan: Planned) => plan.inputs(SERVICE, "gateway").template.volumes[0].gcs.mountOptions[0];
    expect(folder(after)).not.toBe(folder(before));
    const object = after.resources.find(
      ({ name }) => name.startsWith("gateway/") && name.endsWith("guard.json"),
    )!;
    expect(object.retainOnDelete).toBe(true);
    expect(folder(after)).toBe(`only-dir=${object.name.replace("/guard.json", "")}`);
    expect(after.inputs("tollgate:gcp:Gateway").budgets.tier_2.monthlyBudget).toBe("$20.00 a month");
    expect(after.inputs(JOB, "gateway-migrations").runExecutionToken).not.toBe(
      before.inputs(JOB, "gateway-migrations").runExecutionToken,
    );
    const applies = (plan: Planned) => plan.inputs("tollgate:gcp:RunJob", "gateway-migrations").applies;
    expect(applies(after)).not.toBe(applies(before));
    // Nothing else has a new revision.
    expect(after.inputs(SERVICE, "agent")).toEqual(before.inputs(SERVICE, "agent"));
  });
});

describe.each(PHASES)("phase %i", (phase) => {
  it.each(STACKS)("%s runs its services and no later ones", async (stack) => {
    const plan = await Planned.of(stack, { "tollgate:phase": String(phase) });
    const expected = servicesOfPhase(phase)
      .filter(({ enabledBy, targets }) => !targets?.gcp && !enabledBy)
      .map(({ name }) => name);
    const planned = [...plan.all(SERVICE), ...plan.all(POOL)].flatMap(({ inputs }) =>
      (inputs["template"] as any).containers.map(({ name }: any) => name),
    );
    const own = planned.filter((name) => !["collector", "router"].includes(name));
    expect(own.sort()).toEqual([...expected, "langfuse-console"].sort());
    expect(plan.all("gcp:logging/projectSink:ProjectSink")).toHaveLength(phase >= 3 ? 2 : 0);
    // No variable names a service that is not there.
    const hosts = JSON.stringify(plan.all(SERVICE)).match(/https:\/\/tollgate-[a-z-]+?(?=-\d{12})/g)!;
    expect(
      [...new Set(hosts)].filter(
        (host) => !plan.all(SERVICE).some(({ name }) => host === `https://tollgate-${name}`),
      ),
    ).toEqual([]);
  });
});
