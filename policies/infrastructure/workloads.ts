import { onContainers } from "../deployed/containers";
import { onFiles } from "../deployed/files";
import type { Rule } from "../rule";

const BY_DIGEST = /@sha256:[0-9a-f]{64}$/;

/** An image of the project: its variable is set at each deployment, and what follows `:-` is only for a local build. */
const OWN_IMAGE = /^\$\{TOLLGATE_[A-Z]+_IMAGE(:-[a-z-]+:local)?\}$/;

/** A line of a script or a unit that runs an image, or names the one to run. */
const RUNS_IMAGE = /\b(docker|podman|nerdctl|ctr)\b[^\n]*\s(run|pull|create)\s/;
const NAMES_IMAGE = /^\s*(?:export\s+)?["']?[A-Z_]*IMAGE["']?\s*[:=]\s*["']?([^"'\s]+)/;

export const imagesByDigest: Rule = {
  name: "images-by-digest",
  description: "Containers run images by digest: what was tested is what runs.",
  severity: "high",
  remedy: "Refer to the image by its digest (`npm run images:pin` finds those of public images)",
  enforcement: { dev: "advisory" },
  checks: [
    ...onContainers(({ name, image }) =>
      // An image that is built by this very update has no digest before it exists.
      image === undefined || BY_DIGEST.test(image) || OWN_IMAGE.test(image)
        ? []
        : [`Container ${name} runs ${image}`],
    ),
    ...onFiles(({ path, content = "" }) =>
      joined(content).flatMap((line) => {
        const [, named] = NAMES_IMAGE.exec(line) ?? [];
        const free = named
          ? !BY_DIGEST.test(named) && !named.startsWith("$")
          : // A variable's line is checked in its place.
            RUNS_IMAGE.test(line) && !/@sha256:[0-9a-f]{64}\b|\$\{?[A-Z_]*IMAGE\}?(\s|$)/.test(line);
        return free ? [`${path} runs an image by its tag: ${line.trim().slice(0, 120)}`] : [];
      }),
    ),
  ],
};

/** The lines of a script, with those that a backslash continues. */
function joined(text: string): string[] {
  return text.replace(/\\\n\s*/g, " ").split("\n");
}

export const secretsPinned: Rule = {
  name: "secrets-pinned",
  description:
    "A revision names the version of each secret that it reads, so that a rollback reads the old one.",
  severity: "medium",
  remedy: "Name the version's number in place of `latest`",
  checks: onContainers(({ secrets }) =>
    secrets.filter(({ version }) => version === "latest").map(({ as }) => `${as} reads version latest`),
  ),
};

export const limitsSet: Rule = {
  name: "limits-set",
  description: "Every container says how much CPU and memory it may use.",
  severity: "medium",
  remedy: "Set cpu and memory under resources.limits",
  checks: onContainers(({ name, limits }) =>
    (["cpu", "memory"] as const)
      .filter((resource) => !limits[resource])
      .map((resource) => `Container ${name} has no limit of ${resource}`),
  ),
};
