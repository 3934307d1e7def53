import { createHash } from "node:crypto";
import type { Resource } from "../../../../policies/evaluate";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

/** As good as random, and the same in every run. */
const bytes = (length: number) =>
  createHash("shake256", { outputLength: length }).update(`of ${length}`).digest();
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const word = (length: number) => [...bytes(length)].map((byte) => letters[byte % letters.length]).join("");

/** Values such as the stack's own secrets and its providers' have; none of them is real. */
const VALUES: Record<string, string> = {
  "a generated password": word(32),
  "a hexadecimal key": bytes(32).toString("hex"),
  "a routing key": bytes(16).toString("hex"),
  "a base64 key": bytes(33).toString("base64"),
  "a base64 key of short words": "aB3/xY9kLm2/Qr7+Zt4vWp1/Hc8Jd6+Ng5sFb0/uKe2=",
  "a UUID": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  "a provider's key": `sk-ant-api03-${word(40)}`,
  "the agent's key": `tg-agent-${word(48)}`,
  "a database's URL": `postgresql://ledger_guard:${word(32)}@10.0.0.3:5432/ledger`,
  "a Redis URL": `redis://:${word(32)}@10.0.0.4:6379`,
  "a webhook": `https://hooks.slack.com/services/T000/B000/${word(24)}`,
  "a signed token": `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${word(43)}`,
  "a private key": `-----BEGIN PRIVATE KEY-----\n${word(64)}\n-----END PRIVATE KEY-----`,
};
const NAMES = ["LOG_LEVEL", "SERVICE_NAME", "X"];

export function* secrets(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({
    kind: "secret in the open",
    what,
    resources,
  });
  for (const { where, target, container, change } of containersOf(base)) {
    for (const [index, [kind, value]] of Object.entries(VALUES).entries()) {
      const name = NAMES[index % NAMES.length]!;
      yield of(
        `${where}: ${name} is ${kind}`,
        change((broken) => {
          if (target === "compose") broken.environment = { ...broken.environment, [name]: value };
          else broken.envs = [...(broken.envs ?? []), { name, value }];
        }),
      );
      yield of(
        `${where}: an argument is ${kind}`,
        change((broken) => {
          const key = target === "compose" ? "command" : "args";
          broken[key] = [...(broken[key] ?? []), `--setting=${value}`];
        }),
      );
    }
    for (const [index, { name, valueSource }] of (container.envs ?? []).entries())
      if (valueSource)
        yield of(
          `${where}: ${name} is a plain value`,
          change((broken) => (broken.envs[index] = { name, value: VALUES["a database's URL"] })),
        );
  }
  for (const at of ofTypes(base, /^gcp:compute\/instance:/))
    for (const [kind, value] of Object.entries(VALUES))
      for (const [key, text] of [
        ["startup-script", `#!/bin/bash\nexport SETTING=${value}\n`],
        [
          "user-data",
          `#cloud-config\nwrite_files:\n  - path: /etc/x\n    content: ${JSON.stringify(`X=${value}\n`)}\n`,
        ],
        ["setting", value],
      ] as const)
        yield of(
          `${base[at]!.name}: metadata.${key} holds ${kind}`,
          changed(base, at, ({ props }) => (props.metadata = { ...props.metadata, [key]: text })),
        );
  for (const at of ofTypes(base, /^gcp:storage\/bucketObject:/)) {
    const { name } = base[at]!;
    if (/dashboards|rules/.test(name)) continue;
    for (const [kind, value] of Object.entries(VALUES))
      yield of(
        `${name}: ${kind} on its own line`,
        changed(base, at, ({ props }) => (props.content = `${props.content}\n# setting: ${value}\n`)),
      );
  }
}
