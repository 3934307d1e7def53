import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isOwnImage, jobs, catalogue, ownImages, OWN_IMAGES, publicImageReference } from "../../catalogue";
import { envOf, inputsOf, needsOf } from "../../catalogue/target";
import { mountedFolders } from "../../infra/compose";
import { imageFacts } from "../../infra/compose/images";
import { composeTarget } from "../../infra/compose/target";
import { paths, repository } from "../../ops/workspace/paths";
import { committedComposeFile, probeOf, variablesOf } from "./support";

const { services, volumes, secrets } = committedComposeFile();
const here = catalogue.filter(({ targets }) => !targets?.compose);
const jobsHere = jobs.filter(({ targets }) => !targets?.compose);

describe("compose.yaml against the catalogue", () => {
  test("runs every service and job that has no reason to be missing", () => {
    expect(Object.keys(services)).toEqual([...here, ...jobsHere].map(({ name }) => name));
    for (const { name, targets } of [...catalogue, ...jobs])
      if (targets?.compose !== undefined) expect([name, targets.compose.length > 5]).toEqual([name, true]);
  });

  describe.each(here.map((each) => [each.name, each] as const))("%s", (name, expected) => {
    const actual = services[name]!;

    test("has the catalogue's image", () => {
      if (isOwnImage(expected.image)) {
        expect(actual.build?.dockerfile).toBe(ownImages[expected.image].dockerfile);
        expect(actual.image).toContain(`tollgate-${expected.image}`);
      } else {
        expect(actual.image).toBe(publicImageReference(expected.image));
        expect(actual.image).toMatch(/:[^@]+@sha256:[0-9a-f]{64}$/);
      }
    });

    test("finds the catalogue's variables, its secrets among the files", () => {
      const env = envOf(expected, "compose");
      expect(variablesOf(actual)).toEqual(Object.keys(env).sort());
      const secret = Object.entries(env).filter(
        ([, value]) => typeof value === "object" && "secret" in value,
      );
      for (const [variable, value] of secret) {
        expect(actual.environment ?? {}).not.toHaveProperty(variable);
        expect(actual.secrets).toContainEqual({
          target: variable,
          source: (value as unknown as { secret: string }).secret,
        });
      }
    });

    test("is asked for its health as the catalogue says", () => {
      const { probe, healthCommand, port } = expected;
      expect(probeOf(actual)).toBe(
        probe
          ? `http://127.0.0.1:${port}${probe.path}`
          : `CMD ${healthCommand!.map((word) => (typeof word === "string" ? word : port)).join(" ")}`,
      );
      if (probe) expect(actual.healthcheck!.start_period).toBe(`${probe.startupSeconds}s`);
    });

    test("has its limits, disks, files and arguments", () => {
      const { memoryMiB, cpu } = expected;
      const { args = [] } = inputsOf(expected, composeTarget);
      expect(actual.deploy!.resources.limits).toEqual({ cpus: String(cpu), memory: `${memoryMiB}M` });
      const mounts = actual.volumes ?? [];
      for (const volume of expected.volumes ?? []) {
        expect(mounts).toContainEqual({ type: "volume", source: volume.name, target: volume.mountPath });
        expect(volumes).toHaveProperty(volume.name);
      }
      for (const [path, folder] of Object.entries(expected.configFiles ?? {})) {
        const mount = mounts.find(({ target }) => target === path || target.startsWith(`${path}/`));
        expect(mount).toMatchObject({ type: "bind", read_only: true });
        expect(mount!.source).toMatch(new RegExp(`^\\.\\./${folder}(/|$)`));
      }
      expect((actual.command ?? []).slice(-args.length || Infinity)).toEqual(args);
    });

    test("starts with its phase and every later one", () => {
      const phases = [1, 2, 3, 4, 5].filter((phase) => phase >= expected.phase);
      expect(actual.profiles).toEqual(phases.map((phase) => `phase-${phase}`));
    });

    test("waits for what it depends on", () => {
      const needs = needsOf(expected, "compose").map(({ name }) => name);
      expect(Object.keys(actual.depends_on ?? {}).sort()).toEqual([...needs].sort());
      for (const need of needs) {
        const isService = here.some(({ name }) => name === need);
        const condition = isService ? "service_healthy" : "service_completed_successfully";
        expect(actual.depends_on).toMatchObject({ [need]: { condition } });
        if (isService) expect(services[need]!.healthcheck).toBeDefined();
      }
    });

    test("stays up, bounds its log and gains no privileges", () => {
      expect(actual.restart).toBe("unless-stopped");
      expect(actual.logging!.options).toEqual({ "max-size": "10m", "max-file": "3" });
      expect(actual.security_opt).toEqual(["no-new-privileges:true"]);
      expect(actual.cap_drop ?? []).toEqual(imageFacts(expected.image).startsAsRoot ? [] : ["ALL"]);
    });
  });
});

describe("the machine that runs it", () => {
  test("is reached from outside at the agent and Grafana alone", () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port] as const),
    );
    const outside = published.filter(([, port]) => !port.startsWith("127.0.0.1:"));
    expect(outside.map(([name]) => name).sort()).toEqual(["agent", "grafana"]);
    expect(published.length).toBeGreaterThan(outside.length);
  });

  test("finds every file that is mounted, all rendered", () => {
    const folders = new Set(
      Object.values(services)
        .flatMap(({ volumes: mounts = [] }) => mounts)
        .filter(({ type, source }) => type === "bind" && source.startsWith("../"))
        .map(({ source }) => source.split("/")[1]!),
    );
    expect([...folders].sort()).toEqual(mountedFolders());
  });

  test("has a file for every secret that is used, and uses every one", () => {
    const used = new Set(
      Object.values(services).flatMap((each) => (each.secrets ?? []).map(({ source }) => source)),
    );
    expect(Object.keys(secrets).sort()).toEqual([...used].sort());
  });
});

describe("jobs", () => {
  test("on a schedule run again and again, those by hand wait for an operator", () => {
    for (const { name, trigger } of jobsHere) {
      const { restart, profiles, command = [] } = services[name]!;
      if (trigger === "manual") expect([name, restart, profiles]).toEqual([name, "no", ["manual"]]);
      else if ("every" in trigger) {
        expect([name, restart]).toEqual([name, "unless-stopped"]);
        expect(command.slice(0, 3)).toEqual(["/bin/sh", "/tollgate/every.sh", String(trigger.every)]);
      } else {
        expect([name, restart]).toEqual([name, "on-failure"]);
        for (const service of trigger.before)
          expect(services[service]!.depends_on).toMatchObject({
            [name]: { condition: "service_completed_successfully" },
          });
      }
    }
  });

  test("give every service its database's roles, and the ledger's tables, before it starts", () => {
    const users = (prefix: RegExp) =>
      here
        .filter((each) =>
          Object.values(envOf(each, "compose")).some(
            (value) => typeof value === "object" && "secret" in value && prefix.test(value.secret),
          ),
        )
        .map(({ name }) => name);
    const before = (job: string) =>
      here.filter(({ name }) => services[name]!.depends_on?.[job]).map(({ name }) => name);
    expect(before("gateway-migrations")).toEqual(users(/^ledger-/));
    expect(before("database-roles")).toEqual(users(/^ledger-|-database-url$/));
  });
});

describe("images.ts", () => {
  test.each(OWN_IMAGES)("knows how %s starts", (image) => {
    const text = readFileSync(join(repository, ownImages[image].dockerfile), "utf8");
    expect(text).toContain(
      `ENTRYPOINT ${JSON.stringify(imageFacts(image).entrypoint).replaceAll(",", ", ")}`,
    );
  });
});

test("the rendered folders exist", () => {
  for (const folder of mountedFolders())
    expect(() => readFileSync(join(paths.generated, folder))).toThrow(/EISDIR/);
});
