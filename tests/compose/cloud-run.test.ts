import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findService, type Service } from "../../catalogue";
import { inputsOf } from "../../catalogue/target";
import { composeTarget } from "../../infra/compose/target";
import { paths } from "../../ops/workspace/paths";
import { committedComposeFile, probeOf, variablesOf } from "./support";

interface Container {
  name: string;
  image: string;
  args?: string[];
  envs: { name: string; value?: string }[];
  ports?: { containerPort: number };
  startupProbe?: { httpGet: { path: string; port: number } };
}

interface Planned {
  type: string;
  name: string;
  inputs: { template: { containers: Container[] } };
}

/** The containers of a stack's committed plan by the service they run; the tests of infra/ fail when it is stale. */
function cloudRun(stack: string): [Service, Container][] {
  const file = join(paths.generated, "plan", `${stack}.json`);
  const { resources } = JSON.parse(readFileSync(file, "utf8")) as { resources: Planned[] };
  return resources
    .filter(({ type }) => /^gcp:cloudrunv2\/(service:Service|workerPool:WorkerPool)$/.test(type))
    .flatMap(({ inputs }) => inputs.template.containers)
    .flatMap((container) => {
      // The ones for operators, for routing and for scraping an instance are not in the catalogue.
      const service = findService(container.name);
      return service ? [[service, container]] : [];
    });
}

const { services } = committedComposeFile();
const planned = cloudRun("prod");
const shared = planned
  .filter(([{ name }]) => services[name])
  .map(([service, there]) => [service.name, service, there] as const);

describe("compose.yaml against the Cloud Run services of prod", () => {
  test("runs the same services, but for those with a stated reason", () => {
    for (const [{ name, targets }] of planned.filter(([{ name }]) => !services[name]))
      expect([name, targets?.compose]).toEqual([name, expect.any(String)]);
    expect(shared.length).toBeGreaterThanOrEqual(8);
  });

  describe.each(shared)("%s", (name, service, there) => {
    const here = services[name]!;
    const { targetEnv = {}, env } = service;
    const isOptional = (variable: string) => here.environment?.[variable]?.endsWith(":-}");

    test("is the same image, by digest", () => {
      const digest = (image: string) => /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
      if (here.build) expect(there.image).toMatch(new RegExp(`/${service.image}(@|:|$)|unknown`));
      else expect(digest(here.image)).toBe(digest(there.image));
    });

    test("listens on the same port", () => {
      // In a shared instance a container has a probe but no port.
      const port = there.ports?.containerPort ?? there.startupProbe!.httpGet.port;
      expect(service.port).toBe(port);
      for (const mapping of here.ports ?? []) expect(mapping.split(":").at(-1)).toBe(String(port));
    });

    test("is asked for its health at the same place", () => {
      const { path, port } = there.startupProbe!.httpGet;
      expect(probeOf(here)).toBe(`http://127.0.0.1:${port}${path}`);
    });

    test("finds the same variables, but for those that the catalogue gives to one target alone", () => {
      const onlyHere = Object.keys(targetEnv.compose ?? {}).filter((variable) => !(variable in env));
      const onlyThere = Object.keys(targetEnv.gcp ?? {}).filter((variable) => !(variable in env));
      // An address of a service that the stack's phase has not reached is left out there, and answers nothing here.
      const notReached = Object.entries(env)
        .filter(
          ([, value]) =>
            typeof value === "object" &&
            "url" in value &&
            !services[value.url]?.profiles?.includes("phase-4"),
        )
        .map(([variable]) => variable);
      // So is a setting that the stack does not have, and empty here.
      const notSet = Object.entries(env)
        .filter(([name, value]) => typeof value === "object" && "setting" in value && isOptional(name))
        .map(([variable]) => variable);
      const common = (variables: string[]) =>
        variables.filter((each) => ![...onlyHere, ...onlyThere, ...notReached, ...notSet].includes(each));
      expect(common(variablesOf(here))).toEqual(common(there.envs.map((each) => each.name)).sort());
    });

    test("gets the same arguments", () => {
      const own = inputsOf(service, composeTarget).args ?? [];
      expect(there.args?.slice(0, own.length) ?? []).toEqual(own);
    });
  });
});
