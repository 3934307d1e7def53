import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv";
import { composeFile } from "../../infra/compose";
import { prepare } from "../../ops/compose/prepare";
import { committedComposeFile } from "./support";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a file that is spoiled on purpose has no type
type Loose = any;

/** The Compose specification's schema, `compose-spec.json`, as dclint 3.1.0 ships it. */
function validator() {
  const file = join(__dirname, "../../node_modules/dclint/schemas/compose.schema.json");
  const schema = JSON.parse(readFileSync(file, "utf8")) as { $schema?: string };
  // It names its draft by an address that no validator has built in.
  delete schema.$schema;
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
}

describe("the Compose specification", () => {
  const validate = validator();

  test("accepts the committed file", () => {
    validate(committedComposeFile());
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([
    ["a misspelled key of a service", (file: Loose) => (file.services.agent.enviroment = {})],
    ["a port that is not a port", (file: Loose) => (file.services.agent.ports = [{ target: {} }])],
    [
      "a condition that there is not",
      (file: Loose) => (file.services.agent.depends_on.gateway.condition = "ready"),
    ],
    ["an unknown key at the top", (file: Loose) => (file.secret = {})],
  ])("refuses %s", (_, spoil) => {
    const file = structuredClone(composeFile());
    spoil(file);
    expect(validate(file)).toBe(false);
  });

  test("is read by Docker Compose itself, phase by phase", () => {
    const own = mkdtempSync(join(tmpdir(), "tollgate-compose-"));
    const compose = composeProgram();
    if (!compose) {
      console.warn("Docker has no Compose plugin here: what only Compose itself checks was not checked");
      return;
    }
    const prepared = prepare(5, {}, { generated: join(own, "generated"), own });
    const services = (phase: number) => {
      const [program, ...args] = compose;
      const { status, stdout, stderr } = spawnSync(
        program!,
        [...args, "--env-file", prepared.envFile, "-f", prepared.composeFile, "config", "--services"],
        { encoding: "utf8", env: { ...process.env, COMPOSE_PROFILES: `phase-${phase}` } },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return stdout.trim().split("\n");
    };
    const byPhase = [1, 2, 3, 4, 5].map(services);
    byPhase.slice(1).forEach((later, at) => expect(later).toEqual(expect.arrayContaining(byPhase[at]!)));
    expect(byPhase[4]!.sort()).toEqual(Object.keys(composeFile().services).sort());
  });
});

/** `docker compose`, or the standalone program named by `DOCKER_COMPOSE`. */
function composeProgram(): string[] | undefined {
  const candidates = [process.env.DOCKER_COMPOSE ? [process.env.DOCKER_COMPOSE] : [], ["docker", "compose"]];
  return candidates.find(
    ([program, ...args]) => program && spawnSync(program, [...args, "version"]).status === 0,
  );
}
