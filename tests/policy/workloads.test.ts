import * as types from "../../policies/infrastructure/types";
import { container, env, holdTo, job, of, run } from "./cases";

const DIGEST = `grafana/loki@sha256:${"a".repeat(64)}`;

holdTo([
  [
    "images-by-digest",
    "Refer to the image by its digest (`npm run images:pin` finds those of public images)",
    [
      ["by digest", [container({ image: DIGEST }), job({ image: DIGEST })], []],
      ["built by this update", [container({})], []],
      ["by tag", [container({ image: "grafana/loki:3" })], ["Container loki runs grafana/loki:3"]],
      ["in a job", [job({ image: "grafana/loki:3" })], ["Container job runs grafana/loki:3"]],
      [
        "a digest that is cut",
        [container({ image: DIGEST.slice(0, -1) })],
        [`Container loki runs ${DIGEST.slice(0, -1)}`],
      ],
      ["a digest and more", [container({ image: `${DIGEST}:x` })], [`Container loki runs ${DIGEST}:x`]],
      ["another resource", [of(types.VM, { template: { containers: [{ image: "x" }] } })], []],
    ],
  ],
  [
    "secrets-from-manager",
    "Keep the value as a secret of catalogue/secrets.ts and refer to it",
    [
      [
        "from the manager",
        [container(env("AGENT_KEY", undefined, { secret: "agent-key", version: "1" })), container({})],
        [],
      ],
      [
        "a plain setting",
        [container(env("LOKI_URL", "http://loki:3100/path")), job(env("KEYBOARD", "x"))],
        [],
      ],
      [
        "a key",
        [container(env("ANTHROPIC_API_KEY", "sk-1"))],
        ["Container loki has ANTHROPIC_API_KEY as a plain value"],
      ],
      [
        "an OAuth client's id",
        [
          container(
            env("CLIENT_ID", "407408718192-8a3jt4gcbd5e6f7hs9k0lm1nopq2rstu.apps.googleusercontent.com"),
          ),
        ],
        [],
      ],
      ["a salt", [job(env("SALT", "x"))], ["Container job has SALT as a plain value"]],
      [
        "a URL with a password",
        [container(env("DATABASE_URL", "postgresql://u:p@host/db"))],
        ["Container loki has DATABASE_URL as a plain value"],
      ],
      ["a URL with a user only", [container(env("DATABASE_URL", "postgresql://u@host/db"))], []],
      ["another resource", [of(types.VM, { template: { containers: [env("SALT", "x")] } })], []],
    ],
  ],
  [
    "secrets-pinned",
    "Name the version's number in place of `latest`",
    [
      ["pinned", [container(env("A_KEY", undefined, { secret: "a", version: "3" })), run("loki", {})], []],
      [
        "latest",
        [container(env("A_KEY", undefined, { secret: "a", version: "latest" }))],
        ["A_KEY reads version latest"],
      ],
      [
        "latest in a file",
        [
          run("alertmanager", {
            template: {
              volumes: [
                { name: "config" },
                { name: "slack", secret: { items: [{ version: "1" }, { version: "latest" }] } },
              ],
            },
          }),
        ],
        ["slack reads version latest"],
      ],
      [
        "latest in a job's file",
        [
          of(types.RUN_JOB, {
            template: {
              template: { volumes: [{ name: "tls", secret: { items: [{ version: "latest" }] } }] },
            },
          }),
        ],
        ["tls reads version latest"],
      ],
      [
        "another resource",
        [of(types.VM, { template: { containers: [env("K", "", { version: "latest" })] } })],
        [],
      ],
    ],
  ],
  [
    "limits-set",
    "Set cpu and memory under resources.limits",
    [
      ["both", [container({ resources: { limits: { cpu: "1", memory: "512Mi" } } })], []],
      [
        "no memory",
        [container({ resources: { limits: { cpu: "1" } } })],
        ["Container loki has no limit of memory"],
      ],
      ["none", [job({})], ["Container job has no limit of cpu", "Container job has no limit of memory"]],
      ["another resource", [of(types.VM, { template: { containers: [{}] } })], []],
    ],
  ],
]);
