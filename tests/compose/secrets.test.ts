import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { service } from "../../catalogue";
import { completeValues } from "../../catalogue/secret-values";
import { configHashes, composeFiles, secretFiles } from "../../infra/compose";
import { envFile, phaseOf } from "../../ops/compose/env-file";
import { whatIsMissing } from "../../ops/compose/docker";
import { prepare } from "../../ops/compose/prepare";
import { redisProgram } from "../../infra/compose/redis";
import { EVERY, WITH_SECRETS } from "../../infra/compose/scripts";

function inTemporaryFolder() {
  const own = mkdtempSync(join(tmpdir(), "tollgate-compose-"));
  return { generated: join(own, "generated"), own };
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("prepare", () => {
  test("makes a file a secret in a folder that is closed to others, and nothing secret elsewhere", () => {
    const folders = inTemporaryFolder();
    const { composeFile, envFile: env } = prepare(1, {}, folders);
    const folder = join(folders.own, "secrets");
    expect([
      mode(folder),
      mode(join(folder, "agent-key")),
      mode(env),
      mode(join(folders.own, "secrets.json")),
    ]).toEqual(["700", "444", "600", "600"]);
    const rendered = readFileSync(composeFile, "utf8") + readFileSync(env, "utf8");
    for (const name of readdirSync(folder)) {
      const value = readFileSync(join(folder, name), "utf8");
      // `[]` and `{}` are values that nobody set.
      if (value.length > 2) expect(rendered).not.toContain(value);
    }
  });

  test("keeps secrets, settings and the phase of an earlier run", () => {
    const folders = inTemporaryFolder();
    prepare(4, { ANTHROPIC_API_KEY: "key-one" }, folders);
    const read = (name: string) => readFileSync(join(folders.own, "secrets", name), "utf8");
    const before = [read("agent-key"), read("ledger-guard-url")];
    const env = join(folders.own, ".env");
    writeFileSync(
      env,
      readFileSync(env, "utf8").replace("TOLLGATE_HOST=localhost", "TOLLGATE_HOST=box.example"),
    );

    expect(prepare(undefined, {}, folders).phase).toBe(4);
    expect([read("agent-key"), read("ledger-guard-url")]).toEqual(before);
    expect(read("anthropic-api-key")).toBe("key-one");
    expect(readFileSync(env, "utf8")).toContain("TOLLGATE_HOST=box.example");
    prepare(undefined, { ANTHROPIC_API_KEY: "key-two" }, folders);
    expect(read("anthropic-api-key")).toBe("key-two");
  });

  test("names what people have not given, for the phase that needs it", () => {
    const { missing } = prepare(1, {}, inTemporaryFolder());
    expect(missing).toEqual([expect.stringMatching(/^ANTHROPIC_API_KEY: the gateway's key of the Anthropic API/)]);
    const later = prepare(4, { ANTHROPIC_API_KEY: "k", SLACK_WEBHOOK_URL: "u" }, inTemporaryFolder()).missing;
    expect(later.map((line) => line.split(":")[0])).toEqual(["PAGERDUTY_ROUTING_KEY", "SMTP_PASSWORD"]);
  });
});

describe("secrets", () => {
  test("are different each time, as long as the catalogue says, and agree with each other", () => {
    const [one, two] = [completeValues({}, {}), completeValues({}, {})];
    const files = secretFiles(one);
    expect(files["agent-key"]).toMatch(/^tg-agent-[A-Za-z0-9]{48}$/);
    expect(files["langfuse-encryption-key"]).toMatch(/^[0-9a-f]{64}$/);
    expect(files["agent-key"]).not.toBe(secretFiles(two)["agent-key"]);
    const password = one["role:ledger_guard"]!;
    expect(files["ledger-guard-url"]).toBe(`postgresql://ledger_guard:${password}@postgres:5432/ledger`);
    expect(files["database-role-passwords"]).toContain(`\\set ledger_guard_password ${password}\n`);
    expect(files["ledger-reader-password"]).toBe(one["role:ledger_reader"]);
    expect(files["cache-password"]).toBe(files["redis-password"]);
  });
});

describe(".env", () => {
  test("survives values that a shell would take apart", () => {
    const text = envFile(
      { phase: 3, secretsFolder: "/srv/my stack/secrets", hashes: { CONFIG_GATEWAY: "abc" } },
      "TOLLGATE_AGENT_IMAGE='registry.example/agent@sha256:1'\nGOOGLE_CLOUD_PROJECT=acme\n",
    );
    expect(parseEnv(text)).toMatchObject({
      COMPOSE_PROFILES: "phase-3",
      TOLLGATE_SECRETS: "/srv/my stack/secrets",
      TOLLGATE_AGENT_IMAGE: "registry.example/agent@sha256:1",
      GOOGLE_CLOUD_PROJECT: "acme",
      CONFIG_GATEWAY: "abc",
    });
    expect(phaseOf(text)).toBe(3);
    expect(phaseOf("COMPOSE_PROFILES=other")).toBeUndefined();
  });

  test("changes with a budget, so that Compose makes the gateway anew and nothing else", () => {
    const files = composeFiles();
    const before = configHashes(files);
    const after = configHashes({ ...files, "gateway/guard.json": `${files["gateway/guard.json"]} ` });
    const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
    expect(changed).toEqual(["CONFIG_GATEWAY"]);
  });
});

describe("scripts in containers", () => {
  /** A folder of programs that stand in for an image's, and `/run/secrets` somewhere else. */
  function container(secrets: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-container-"));
    mkdirSync(join(folder, "secrets"));
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, "secrets", name), text);
    const program = (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    program("with-secrets.sh", WITH_SECRETS.replaceAll("/run/secrets", `${folder}/secrets`));
    const run = (...command: string[]) =>
      execFileSync("/bin/sh", [join(folder, "with-secrets.sh"), ...command], {
        encoding: "utf8",
        env: { PATH: `${folder}:/usr/bin:/bin` },
      });
    return { folder, program, run };
  }

  test("with-secrets.sh hands each file over as the variable of its name, whatever is in it", () => {
    const odd = 'it\'s "odd" $HOME `id` \\n \n second line';
    const { run } = container({ SALT: odd, DATABASE_URL: "postgresql://a:b@c/d" });
    expect(run("/bin/sh", "-c", 'printf "%s|%s" "$SALT" "$DATABASE_URL"')).toBe(
      `${odd}|postgresql://a:b@c/d`,
    );
  });

  test("with-secrets.sh runs a program that has no secrets, and keeps its arguments apart", () => {
    expect(container({}).run("/bin/sh", "-c", 'printf "%s/" "$@"', "-", "a b", "c")).toBe("a b/c/");
  });

  test("every.sh runs a program again after a pause, sooner after a failure, and ends when it is asked to", () => {
    const { folder, program } = container({});
    program("every.sh", EVERY.replace("#!/bin/sh\n", ""));
    program("sleep", `echo "pause $1"; [ "$(wc -l < ${folder}/runs)" -lt 2 ] || kill -TERM $PPID`);
    program("job", `echo run >> ${folder}/runs; [ "$(wc -l < ${folder}/runs)" -ne 1 ]`);
    const output = execFileSync("/bin/sh", [join(folder, "every.sh"), "900", "60", "job"], {
      encoding: "utf8",
      env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    expect(output.trim().split("\n")).toEqual(["pause 60", "pause 900"]);
  });

  test("Redis gets its password in a file that only it can read, and never evicts", () => {
    const { folder, program, run } = container({ REDIS_PASSWORD: "secret-1" });
    program("chown", "exit 0");
    program("docker-entrypoint.sh", 'echo "$@"; ls -l "$2" | cut -c1-10; cat "$2"');
    const command = redisProgram(service("redis"));
    // Compose reads `$$` as one dollar sign.
    const script = command.map((word) =>
      word.replaceAll("$$", "$").replaceAll("/tmp/redis.conf", `${folder}/redis.conf`),
    );
    expect(run(...script).split("\n")).toEqual([
      `redis-server ${folder}/redis.conf`,
      "-rw-------",
      "requirepass secret-1",
      "port 6379",
      "maxmemory 192mb",
      "maxmemory-policy noeviction",
      "dir /data",
      "",
    ]);
    expect(command.join(" ")).not.toContain("secret-1");
  });
});

describe("without Docker", () => {
  const machine = (docker?: string) => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-docker-"));
    if (docker) {
      writeFileSync(join(folder, "docker"), `#!/bin/sh\n${docker}\n`);
      chmodSync(join(folder, "docker"), 0o755);
    }
    return { PATH: folder };
  };

  test.each([
    ["no program", undefined, /Docker is not installed: install Docker Engine/],
    ["no plugin", 'test "$1" = --version', /Docker has no Compose plugin: install docker-compose-plugin/],
    [
      "no engine",
      'test "$1" != info || { echo "Cannot connect" >&2; exit 1; }',
      /does not answer \(Cannot connect\): start it/,
    ],
  ])("says what is missing: %s", (_, docker, words) => {
    expect(whatIsMissing(machine(docker))).toMatch(words);
  });

  test("is content with all of it", () => {
    expect(whatIsMissing(machine("exit 0"))).toBeUndefined();
  });
});
