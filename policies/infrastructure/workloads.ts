import type { Rule } from "../rule";
import { containersOf, volumesOf } from "./containers";
import { RUN_JOB, RUN_SERVICE } from "./types";

const BY_DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Names of variables that hold secrets, and values that are URLs with a password. */
const SECRET_NAME = /(^|_)(KEY|SECRET|PASSWORD|PASSWD|TOKEN|SALT|AUTH)$/;
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/;

export const imagesByDigest: Rule = {
  name: "images-by-digest",
  description: "Containers run images by digest: what was tested is what runs.",
  severity: "high",
  remedy: "Refer to the image by its digest (`npm run images:pin` finds those of public images)",
  enforcement: { dev: "advisory" },
  types: [RUN_SERVICE, RUN_JOB],
  check: (props, { type }) =>
    containersOf(props, type)
      // An image that is built by this very update has no digest before it exists.
      .filter(({ image }) => image !== undefined && !BY_DIGEST.test(image))
      .map(({ name, image }) => `Container ${name} runs ${image}`),
};

export const secretsFromManager: Rule = {
  name: "secrets-from-manager",
  description: "Secrets come out of Secret Manager, never as plain environment values.",
  severity: "critical",
  remedy: "Keep the value as a secret of catalogue/secrets.ts and refer to it",
  types: [RUN_SERVICE, RUN_JOB],
  check: (props, { type }) =>
    containersOf(props, type).flatMap(({ name, envs = [] }) =>
      envs
        .filter(({ name, value }) => value && (SECRET_NAME.test(name) || URL_WITH_PASSWORD.test(value)))
        .map((env) => `Container ${name} has ${env.name} as a plain value`),
    ),
};

export const secretsPinned: Rule = {
  name: "secrets-pinned",
  description:
    "A revision names the version of each secret that it reads, so that a rollback reads the old one.",
  severity: "medium",
  remedy: "Name the version's number in place of `latest`",
  types: [RUN_SERVICE, RUN_JOB],
  check: (props, { type }) => {
    const versions = [
      ...containersOf(props, type).flatMap(({ envs = [] }) =>
        envs.map(({ name, valueSource }) => [name, valueSource?.secretKeyRef?.version] as const),
      ),
      ...volumesOf(props, type).flatMap(({ name, secret }) =>
        ((secret?.items ?? []) as { version?: string }[]).map(
          ({ version }) => [String(name), version] as const,
        ),
      ),
    ];
    return versions
      .filter(([, version]) => version === "latest")
      .map(([name]) => `${name} reads version latest`);
  },
};

export const limitsSet: Rule = {
  name: "limits-set",
  description: "Every container says how much CPU and memory it may use.",
  severity: "medium",
  remedy: "Set cpu and memory under resources.limits",
  types: [RUN_SERVICE, RUN_JOB],
  check: (props, { type }) =>
    containersOf(props, type).flatMap(({ name, resources }) =>
      ["cpu", "memory"]
        .filter((resource) => !resources?.limits?.[resource])
        .map((resource) => `Container ${name} has no limit of ${resource}`),
    ),
};
