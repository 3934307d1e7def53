import * as types from "../../policies/infrastructure/types";
import { container, env, holdTo, of, run, sql } from "./cases";

holdTo([
  [
    "vm-private",
    "Remove accessConfigs and ipv6AccessConfigs from the VM's network interfaces",
    [
      ["private", [of(types.VM, { networkInterfaces: [{ network: "n" }] }), of(types.VM, {})], []],
      [
        "public",
        [of(types.VM, { networkInterfaces: [{}, { accessConfigs: [{}] }] })],
        ["networkInterfaces[1] has a public address"],
      ],
      [
        "public over IPv6",
        [of(types.VM, { networkInterfaces: [{ ipv6AccessConfigs: [{}] }] })],
        ["networkInterfaces[0] has a public address"],
      ],
      ["another resource", [sql({ networkInterfaces: [{ accessConfigs: [{}] }] })], []],
    ],
  ],
  [
    "ingress-internal",
    "Set ingress to INGRESS_TRAFFIC_INTERNAL_ONLY, or put the service behind the Identity-Aware Proxy (iapEnabled)",
    [
      [
        "internal",
        [run("gateway", { ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY", invokerIamDisabled: true })],
        [],
      ],
      ["the agent", [run("agent", { ingress: "INGRESS_TRAFFIC_ALL", invokerIamDisabled: true })], []],
      ["behind the proxy", [run("grafana", { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: true })], []],
      [
        "open",
        [run("gateway", { ingress: "INGRESS_TRAFFIC_ALL" })],
        ["tollgate-gateway has ingress INGRESS_TRAFFIC_ALL and does not authenticate its callers"],
      ],
      [
        "around the proxy",
        [run("grafana", { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: true, invokerIamDisabled: true })],
        ["tollgate-grafana has ingress INGRESS_TRAFFIC_ALL and does not authenticate its callers"],
      ],
      [
        "not said",
        [run("loki", {})],
        ["tollgate-loki has ingress not set and does not authenticate its callers"],
      ],
      ["another resource", [of(types.RUN_JOB, { name: "tollgate-job" })], []],
    ],
  ],
  [
    "no-all-users",
    "Grant the role to a service account or a group",
    [
      ["a service account", [of(types.SECRET_MEMBER, { role: "r", member: "serviceAccount:a@b" })], []],
      [
        "everybody on the agent",
        [
          of(types.RUN_SERVICE_MEMBER, {
            name: "tollgate-agent",
            role: "roles/run.invoker",
            member: "allUsers",
          }),
        ],
        [],
      ],
      [
        "everybody on the gateway",
        [
          of(types.RUN_SERVICE_MEMBER, {
            name: "tollgate-gateway",
            role: "roles/run.invoker",
            member: "allUsers",
          }),
        ],
        ["it grants roles/run.invoker to allUsers"],
      ],
      [
        "everybody on a bucket of the agent's name",
        [
          of("gcp:storage/bucketIAMMember:BucketIAMMember", {
            name: "tollgate-agent",
            role: "r",
            member: "allUsers",
          }),
        ],
        ["it grants r to allUsers"],
      ],
      [
        "every account in a list",
        [
          of("gcp:storage/bucketIAMBinding:BucketIAMBinding", {
            role: "r",
            members: ["user:a", "allAuthenticatedUsers"],
          }),
        ],
        ["it grants r to allAuthenticatedUsers"],
      ],
    ],
  ],
  [
    "provider-keys-at-gateway",
    "Take the secret from the service and let it call the gateway",
    [
      [
        "the gateway",
        [
          run("gateway", {
            template: {
              containers: [
                env("ANTHROPIC_API_KEY", undefined, { secret: "anthropic-api-key", version: "1" }),
              ],
            },
          }),
          of(types.SECRET_MEMBER, {
            secretId: "anthropic-api-key",
            member: "serviceAccount:tollgate-gateway@p.iam",
          }),
          of(types.SECRET_MEMBER, { secretId: "anthropic-api-key" }, "gateway-anthropic-api-key"),
        ],
        [],
      ],
      [
        "another secret of another service",
        [
          container(env("K", undefined, { secret: "agent-key", version: "1" })),
          of(types.SECRET_MEMBER, { secretId: "agent-key", member: "serviceAccount:tollgate-agent@p.iam" }),
          of(types.SECRET_MEMBER, {}),
        ],
        [],
      ],
      [
        "another service",
        [container(env("K", undefined, { secret: "projects/p/secrets/anthropic-api-key", version: "1" }))],
        ["tollgate-loki uses projects/p/secrets/anthropic-api-key"],
      ],
      [
        "a job",
        [
          of(types.RUN_JOB, {
            name: "tollgate-job",
            template: { template: { containers: [env("K", undefined, { secret: "self-hosted-api-key" })] } },
          }),
        ],
        ["tollgate-job uses self-hosted-api-key"],
      ],
      [
        "another account",
        [
          of(
            types.SECRET_MEMBER,
            {
              secretId: "projects/p/secrets/anthropic-api-key",
              member: "serviceAccount:tollgate-agent@p.iam",
            },
            "gateway-x",
          ),
        ],
        ["gateway-x lets serviceAccount:tollgate-agent@p.iam read projects/p/secrets/anthropic-api-key"],
      ],
      [
        "an account that is not there yet",
        [of(types.SECRET_MEMBER, { secretId: "anthropic-api-key" }, "agent-key")],
        ["agent-key lets another account read anthropic-api-key"],
      ],
      ["another resource", [of(types.VM, { secretId: "anthropic-api-key" })], []],
    ],
  ],
]);
