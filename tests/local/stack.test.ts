import { catalogue, jobs, ports, service } from "../../catalogue";
import { completeValues } from "../../catalogue/secret-values";
import { inputsOf } from "../../catalogue/target";
import { localServices, machineOf } from "../../local/stack/services";
import { ledgerUrl, providerOf, workersOf, type StackSettings } from "../../local/stack/settings";
import { localTarget } from "../../local/target";

const settings = (more: Partial<StackSettings> = {}): StackSettings => ({
  portOffset: 10_000,
  provider: { kind: "simulator" },
  gatewayWorkers: 1,
  secrets: { values: completeValues({}) },
  ...more,
});

describe("the local services", () => {
  const services = localServices(settings());
  const byName = new Map(services.map((service) => [service.name, service]));

  it("are all of the catalogue's, each started or off with a reason", () => {
    for (const { name } of catalogue) {
      const service = byName.get(name)!;
      expect([name, Boolean(service.start) !== Boolean(service.off)]).toEqual([name, true]);
    }
  });

  it("have the catalogue's jobs before them, where their services are here", () => {
    const run = jobs.filter(({ targets }) => !targets?.local).map(({ name }) => name);
    expect(run).toEqual(["database-roles", "gateway-migrations", "ledger-archive", "events-delivery"]);
    for (const name of run) expect(byName.get(name)?.start).toBeDefined();
    expect(byName.get("gateway")?.dependsOn).toEqual(
      expect.arrayContaining(["database-roles", "gateway-migrations"]),
    );
    expect(byName.get("gateway-migrations")?.dependsOn).toEqual(["postgres", "database-roles"]);
  });

  it("off are exactly those that the catalogue says cannot run here", () => {
    const off = services
      .filter((service) => service.off && !/Debian|on the PATH/.test(service.off))
      .map(({ name }) => name);
    expect(off).toEqual(catalogue.filter(({ targets }) => targets?.local).map(({ name }) => name));
  });

  it.each(["grafana", "loki", "alloy", "tempo"])(
    "start %s where it is, and name the remedy where not",
    (name) => {
      const variable = `TOLLGATE_${name.toUpperCase()}_BIN`;
      const before = { ...process.env };
      try {
        process.env.PATH = "";
        delete process.env[variable];
        const off = localServices(settings()).find((each) => each.name === name)?.off;
        expect(off).toBe(`${name} is not on the PATH: \`npm start -- --full\` downloads it`);
        for (const each of [variable, "TOLLGATE_LOKI_BIN"]) process.env[each] = process.execPath;
        const here = localServices(settings());
        expect(here.find((each) => each.name === name)?.off).toBeUndefined();
        expect(here.find((each) => each.name === "viewer")?.off).toBe(
          name === "grafana" ? "Grafana itself runs" : undefined,
        );
        process.env[variable] = "/no/such/program";
        expect(() => localServices(settings())).toThrow(
          `${variable} (is "/no/such/program") must name a program that exists`,
        );
      } finally {
        process.env = before;
      }
    },
  );

  it("take the catalogue's ports, shifted, and no port twice", () => {
    expect(byName.get("gateway")?.ports).toEqual([ports.gateway + 10_000]);
    expect(byName.get("agent")?.ports).toEqual([ports.agent + 10_000, ports.agentMetrics + 10_000]);
    const taken = services.filter(({ off }) => !off).flatMap((service) => service.ports);
    expect(new Set(taken).size).toBe(taken.length);
  });

  it("wait for what stands in for a service that is off", () => {
    expect(byName.get("gateway")?.dependsOn).toEqual(expect.arrayContaining(["postgres", "redis"]));
    const started = new Set(services.filter(({ off }) => !off).map(({ name }) => name));
    for (const { name, dependsOn } of services.filter(({ off }) => !off)) {
      expect([name, dependsOn.filter((each) => !started.has(each))]).toEqual([name, []]);
    }
  });

  it.each([
    [
      { kind: "server", url: "http://llm:8000/v1" } as const,
      "TOLLGATE_PROVIDER_URL is set: http://llm:8000 answers",
    ],
    [
      { kind: "real", variables: { ANTHROPIC_API_KEY: "k" } } as const,
      "ANTHROPIC_API_KEY set: the providers answer",
    ],
  ])("have no simulator when %j answers, and say so without the key", (provider, reason) => {
    const simulator = localServices(settings({ provider })).find(({ name }) => name === "llm-simulator");
    expect(simulator).toMatchObject({ off: reason });
    expect(simulator?.start).toBeUndefined();
  });
});

describe("the provider", () => {
  it.each([
    [{}, { kind: "simulator" }],
    [{ ANTHROPIC_API_KEY: "" }, { kind: "simulator" }],
    [
      { ANTHROPIC_API_KEY: "k", VERTEXAI_LOCATION: "global", PATH: "/bin" },
      { kind: "real", variables: { ANTHROPIC_API_KEY: "k", VERTEXAI_LOCATION: "global" } },
    ],
    [{ VERTEXAI_PROJECT: "p" }, { kind: "real", variables: { VERTEXAI_PROJECT: "p" } }],
    [
      { TOLLGATE_PROVIDER_URL: "http://x/v1", ANTHROPIC_API_KEY: "k" },
      { kind: "server", url: "http://x/v1" },
    ],
  ])("by %j is %j", (env, provider) => expect(providerOf(env)).toEqual(provider));

  it.each(["localhost:8000", "ftp://x", "nonsense"])("URL %j is refused with the remedy", (url) => {
    expect(() => providerOf({ TOLLGATE_PROVIDER_URL: url })).toThrow(
      `TOLLGATE_PROVIDER_URL (is "${url}"): use an http or https URL`,
    );
  });
});

describe("the gateway's workers", () => {
  it.each([
    [undefined, 1],
    ["", 1],
    ["4", 4],
  ])("by %j are %j", (text, workers) => expect(workersOf({ TOLLGATE_GATEWAY_WORKERS: text })).toBe(workers));

  it.each(["0", "-1", "1.5", "65", "many"])("%j are refused", (text) => {
    expect(() => workersOf({ TOLLGATE_GATEWAY_WORKERS: text })).toThrow(
      `(is "${text}"): use a whole number from 1`,
    );
  });
});

it("resolves the catalogue's values to this machine's addresses and paths", () => {
  const stack = settings();
  const target = localTarget(machineOf(stack));
  const { env } = inputsOf(service("agent"), target);
  expect(env).toMatchObject({
    LANGFUSE_HOST: "http://127.0.0.1:13000",
    TOLLGATE_GATEWAY_URL: "http://127.0.0.1:14000",
    METRICS_PORT: "19464",
    PORT: "18080",
    HOST: "127.0.0.1",
    TOLLGATE_DATA_SOURCE: "sample",
  });
  const { args = [] } = inputsOf(service("gateway"), target);
  expect(args.slice(2)).toEqual(["--host", "127.0.0.1", "--port", "14000"]);
  expect(args[1]).toMatch(/generated\/gateway\/config\.yaml$/);
  expect(inputsOf(service("prometheus"), target).args).toContainEqual(
    expect.stringMatching(/^--storage\.tsdb\.path=.*\/data\/prometheus$/),
  );
  expect(ledgerUrl(stack, "ledger-guard-url")).toBe(
    `postgresql://ledger_guard:${stack.secrets.values["role:ledger_guard"]}@127.0.0.1:15432/ledger`,
  );
});
