import { cpuForMemory, isDatabaseTier } from "./gcp/sizes";
import type { PlannedResource } from "./plan";

/* eslint-disable @typescript-eslint/no-explicit-any */

/** A limit that Google documents and the stack keeps. */
export interface Limit {
  name: string;
  /** In words, with its figures. */
  limit: string;
  /** Google's page. */
  source: string;
  /** What in a resource passes it, in words. */
  check: (resource: PlannedResource) => string[];
}

const DOCS = "https://cloud.google.com";
const SERVICE = "gcp:cloudrunv2/service:Service";
const JOB = "gcp:cloudrunv2/job:Job";
const POOL = "gcp:cloudrunv2/workerPool:WorkerPool";

/** vCPU that a new project may have in a region, counted as the most instances of a service times its CPU. */
export const REGION_VCPU = 20;

interface Container {
  name: string;
  resources: { limits: { cpu: string; memory: string }; cpuIdle?: boolean };
  ports?: { containerPort: number };
  envs: { name: string; value?: unknown }[];
  startupProbe?: any;
  livenessProbe?: any;
  dependsOns?: string[];
  volumeMounts?: { name: string; mountPath: string }[];
}

/** What runs in one instance of a service, a worker pool or a job. */
function instanceOf({
  type,
  inputs,
}: PlannedResource): { template: any; containers: Container[] } | undefined {
  if (type !== SERVICE && type !== JOB && type !== POOL) return undefined;
  const { template } = inputs as any;
  const inner = type === JOB ? template.template : template;
  return { template: inner, containers: inner.containers };
}

const cpuOf = ({ resources }: Container): number => {
  const { cpu } = resources.limits;
  return cpu.endsWith("m") ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu);
};
const memoryOf = ({ resources }: Container): number => {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(resources.limits.memory) ?? [];
  return Number(amount) * (unit === "Gi" ? 1024 : 1);
};
/** In whole thousandths: 0.1 + 0.2 is 0.3. */
const sum = (values: number[]): number =>
  Math.round(values.reduce((total, value) => total + value, 0) * 1000) / 1000;

/** CPU and MiB of each container, and of the instance where it has several. */
function sharesOf(containers: Container[]): { name: string; cpu: number; mib: number }[] {
  const each = containers.map((one) => ({ name: one.name, cpu: cpuOf(one), mib: memoryOf(one) }));
  if (each.length < 2) return each;
  const all = {
    name: "the instance",
    cpu: sum(each.map(({ cpu }) => cpu)),
    mib: sum(each.map(({ mib }) => mib)),
  };
  return [...each, all];
}

/** A check of what runs in one instance. */
function perInstance(
  check: (containers: Container[], template: any, type: string) => string[],
): Limit["check"] {
  return (resource) => {
    const instance = instanceOf(resource);
    return instance ? check(instance.containers, instance.template, resource.type) : [];
  };
}

function perContainer(check: (container: Container) => string[]): Limit["check"] {
  return perInstance((containers) => containers.flatMap(check));
}

/** vCPU of all instances of a service at its most, or of a worker pool. */
export function mostVcpu(resource: PlannedResource): number {
  if (resource.type !== SERVICE && resource.type !== POOL) return 0;
  const { template, containers } = instanceOf(resource)!;
  const { manualInstanceCount } = (resource.inputs["scaling"] ?? {}) as { manualInstanceCount?: number };
  const instances: number = template.scaling?.maxInstanceCount ?? manualInstanceCount ?? 1;
  return instances * sum(containers.map(cpuOf));
}

/** Ports that the probes of a container and the requests to it use. */
function portsOf({ ports, startupProbe, livenessProbe }: Container): number[] {
  const used = [ports?.containerPort, startupProbe?.httpGet?.port, livenessProbe?.httpGet?.port];
  return [...new Set(used.filter((port): port is number => port !== undefined))];
}

const matches = (what: string, value: unknown, pattern: RegExp): string[] =>
  typeof value !== "string" || pattern.test(value) ? [] : [`${what} "${value}"`];

export const limits: Limit[] = [
  {
    name: "CPU to memory",
    limit:
      "more than 512 MiB need 0.5 vCPU, more than 1 GiB 1, more than 4 GiB 2, more than 8 GiB 4, more than 16 GiB 6, more than 24 GiB 8: a container and an instance",
    source: `${DOCS}/run/docs/configuring/services/cpu`,
    check: perInstance((containers) => {
      const short = sharesOf(containers).filter(({ cpu, mib }) => cpu < cpuForMemory(mib));
      return short.map(({ name, cpu, mib }) => `${name} has ${cpu} vCPU for ${mib} MiB`);
    }),
  },
  {
    name: "Memory to CPU",
    limit: "4 vCPU need 2 GiB, 6 and 8 need 4 GiB: a container and an instance",
    source: `${DOCS}/run/docs/configuring/services/cpu`,
    check: perInstance((containers) =>
      sharesOf(containers)
        .filter(({ cpu, mib }) => mib < (cpu >= 6 ? 4096 : cpu >= 4 ? 2048 : 0))
        .map(({ name, cpu, mib }) => `${name} has ${mib} MiB for ${cpu} vCPU`),
    ),
  },
  {
    name: "CPU of a container",
    limit: "from 0.08 to 1 vCPU in steps of 0.001, or 2, 4, 6 or 8",
    source: `${DOCS}/run/docs/configuring/services/cpu`,
    check: perContainer((container) => {
      const cpu = cpuOf(container);
      return (cpu >= 0.08 && cpu <= 1) || [2, 4, 6, 8].includes(cpu)
        ? []
        : [`${container.name} has ${cpu} vCPU`];
    }),
  },
  {
    name: "Least memory",
    limit: "512 MiB in the second generation, in which jobs and worker pools always run",
    source: `${DOCS}/run/docs/configuring/services/memory-limits`,
    check: perInstance((containers, { executionEnvironment }, type) => {
      const total = sum(containers.map(memoryOf));
      const second = executionEnvironment === "EXECUTION_ENVIRONMENT_GEN2" || type !== SERVICE;
      return second && total < 512 ? [`${total} MiB`] : [];
    }),
  },
  {
    name: "Least CPU",
    limit:
      "1 vCPU an instance when CPU is always allocated, when it serves several requests at once, in the second generation, and in a job or a worker pool",
    source: `${DOCS}/run/docs/configuring/services/cpu`,
    check: perInstance((containers, { maxInstanceRequestConcurrency = 1, executionEnvironment }, type) => {
      const total = sum(containers.map(cpuOf));
      const always = containers.some(({ resources }) => resources.cpuIdle === false);
      const needsOne =
        always ||
        maxInstanceRequestConcurrency > 1 ||
        executionEnvironment === "EXECUTION_ENVIRONMENT_GEN2" ||
        type !== SERVICE;
      return needsOne && total < 1 ? [`${total} vCPU`] : [];
    }),
  },
  {
    name: "CPU billing",
    limit: "one a revision, the same for each container",
    source: `${DOCS}/run/docs/configuring/billing-settings`,
    check: perInstance((containers, _template, type) =>
      type === SERVICE && new Set(containers.map(({ resources }) => resources.cpuIdle)).size > 1
        ? ["containers differ in cpuIdle"]
        : [],
    ),
  },
  {
    name: "Startup probe",
    limit: "240 seconds from the first try to the last",
    source: `${DOCS}/run/docs/configuring/healthchecks`,
    check: perContainer(({ name, startupProbe }) => {
      const seconds = startupProbe ? startupProbe.periodSeconds * startupProbe.failureThreshold : 0;
      return seconds > 240 ? [`${name} has ${seconds} s`] : [];
    }),
  },
  {
    name: "A probe's times",
    limit: "a timeout no longer than its period, a period of at most 240 seconds at the start and 3600 later",
    source: `${DOCS}/run/docs/configuring/healthchecks`,
    check: perContainer(({ name, startupProbe, livenessProbe }) =>
      [
        { probe: startupProbe, most: 240 },
        { probe: livenessProbe, most: 3600 },
      ].flatMap(({ probe, most }) =>
        probe && (probe.timeoutSeconds > probe.periodSeconds || probe.periodSeconds > most)
          ? [`${name} has ${probe.timeoutSeconds} s each ${probe.periodSeconds} s`]
          : [],
      ),
    ),
  },
  {
    name: "Requests at once",
    limit: "1000 an instance, for at most 3600 seconds each",
    source: `${DOCS}/run/docs/about-concurrency`,
    check: perInstance((_containers, { maxInstanceRequestConcurrency = 0, timeout = "0s" }, type) =>
      type === SERVICE && (maxInstanceRequestConcurrency > 1000 || Number.parseFloat(timeout) > 3600)
        ? [`${maxInstanceRequestConcurrency} requests, ${timeout}`]
        : [],
    ),
  },
  {
    name: "Containers of an instance",
    limit: "10, of which one has the port of the requests; their names and ports differ",
    source: `${DOCS}/run/docs/deploying#sidecars`,
    check: perInstance((containers, _template, type) => {
      const ports = containers.filter(({ ports }) => ports).length;
      const names = new Set(containers.map(({ name }) => name)).size;
      const listening = containers.flatMap(portsOf);
      const distinct = new Set(listening).size === listening.length;
      const wrong = containers.length > 10 || names < containers.length || !distinct;
      return wrong || (type === SERVICE ? ports !== 1 : ports > 0)
        ? [
            `${containers.length} containers, ${names} names, ${ports} with a port, listening on ${listening.join(", ")}`,
          ]
        : [];
    }),
  },
  {
    name: "Order of start",
    limit:
      "a container waits for others of its instance that have a startup probe, and for none that waits for it",
    source: `${DOCS}/run/docs/configuring/services/containers#container-ordering`,
    check: perInstance((containers) => {
      const by = new Map(containers.map((each) => [each.name, each]));
      const waitsFor = (name: string, seen: string[]): string[] =>
        (by.get(name)?.dependsOns ?? []).flatMap((next) => {
          if (seen.includes(next)) return [`${name} waits for ${next}, which waits for it`];
          return by.get(next)?.startupProbe
            ? waitsFor(next, [...seen, next])
            : [`${name} waits for ${next}, which has no startup probe`];
        });
      return [...new Set(containers.flatMap(({ name }) => waitsFor(name, [name])))];
    }),
  },
  {
    name: "Volumes of an instance",
    limit: "names differ, and each is mounted by a container",
    source: `${DOCS}/run/docs/configuring/services/cloud-storage-volume-mounts`,
    check: perInstance((containers, { volumes = [] }) => {
      const names = volumes.map(({ name }: { name: string }) => name);
      const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
      return [
        ...names.filter((name: string, at: number) => names.indexOf(name) !== at),
        ...names
          .filter((name: string) => !mounted.includes(name))
          .map((name: string) => `${name} is not mounted`),
        ...mounted.filter((name) => !names.includes(name)).map((name) => `${name} is not a volume`),
      ];
    }),
  },
  {
    name: "Reserved variables",
    limit: "PORT, K_SERVICE, K_REVISION and K_CONFIGURATION are the platform's",
    source: `${DOCS}/run/docs/container-contract#env-vars`,
    check: perContainer(({ envs }) =>
      envs.flatMap(({ name }) => (/^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION)$/.test(name) ? [name] : [])),
    ),
  },
  {
    name: "A variable's value",
    limit: "32 KiB",
    source: `${DOCS}/run/quotas`,
    check: perContainer(({ envs }) =>
      envs.flatMap(({ name, value }) => (String(value ?? "").length > 32 * 1024 ? [name] : [])),
    ),
  },
  {
    name: "Variables of a service",
    limit: "1000",
    source: `${DOCS}/run/docs/configuring/services/environment-variables`,
    check: perInstance((containers) => {
      const count = sum(containers.map(({ envs }) => envs.length));
      return count > 1000 ? [`${count} variables`] : [];
    }),
  },
  {
    name: "A job's task",
    limit: "168 hours for each try",
    source: `${DOCS}/run/docs/configuring/task-timeout`,
    check: perInstance((_containers, { timeout = "600s" }, type) =>
      type === JOB && Number.parseFloat(timeout) > 168 * 3600 ? [timeout] : [],
    ),
  },
  {
    name: "A job's retries",
    limit: "10",
    source: `${DOCS}/run/docs/configuring/max-retries`,
    check: perInstance((_containers, { maxRetries = 3 }, type) =>
      type === JOB && maxRetries > 10 ? [`${maxRetries} retries`] : [],
    ),
  },
  {
    name: "Schedules",
    limit:
      "a name of at most 500 letters, digits, dashes and underscores; from 15 seconds to 30 minutes for each try",
    source: `${DOCS}/scheduler/docs/reference/rest/v1/projects.locations.jobs`,
    check: ({ type, inputs }) => {
      if (type !== "gcp:cloudscheduler/job:Job") return [];
      const deadline = (inputs["attemptDeadline"] as string | undefined) ?? "180s";
      const seconds = Number.parseFloat(deadline);
      return [
        ...matches("name", inputs["name"], /^[-_A-Za-z0-9]{1,500}$/),
        ...(seconds < 15 || seconds > 1800 ? [deadline] : []),
      ];
    },
  },
  {
    name: "Mounted folders",
    limit: "one volume a folder, under a name of a-z, 0-9 and dashes, of at most 63 characters",
    source: `${DOCS}/run/docs/configuring/services/secrets#mounting-secrets`,
    check: perInstance((containers, { volumes = [] }) => [
      ...volumes.flatMap(({ name }: { name: string }) =>
        matches("volume", name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/),
      ),
      ...containers.flatMap((container: any) => {
        const paths = (container.volumeMounts ?? []).map(({ mountPath }: { mountPath: string }) => mountPath);
        return new Set(paths).size < paths.length ? [`${container.name} mounts a folder twice`] : [];
      }),
    ]),
  },
  {
    name: "vCPU of a region",
    limit: `${REGION_VCPU} in a new project, for a service at its most instances; a larger quota must be requested`,
    source: `${DOCS}/run/quotas`,
    check: (resource) => {
      const vcpu = mostVcpu(resource);
      return vcpu > REGION_VCPU ? [`${vcpu} vCPU`] : [];
    },
  },
  {
    name: "Name of a service, pool or job",
    limit: "49 characters: a-z, 0-9 and dashes",
    source: `${DOCS}/run/docs/deploying`,
    check: ({ type, inputs }) =>
      type === SERVICE || type === JOB || type === POOL
        ? matches("name", inputs["name"], /^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$/)
        : [],
  },
  {
    name: "Name of a service account",
    limit: "6 to 30 characters: a-z, 0-9 and dashes",
    source: `${DOCS}/iam/docs/service-accounts-create`,
    check: ({ type, inputs }) =>
      type === "gcp:serviceaccount/account:Account"
        ? matches("id", inputs["accountId"], /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/)
        : [],
  },
  {
    name: "Name of a bucket",
    limit: "3 to 63 characters: a-z, 0-9, dashes and underscores; unique in the world",
    source: `${DOCS}/storage/docs/buckets#naming`,
    check: ({ type, inputs }) =>
      type === "gcp:storage/bucket:Bucket"
        ? matches("name", inputs["name"], /^[a-z0-9][-_a-z0-9]{1,61}[a-z0-9]$/)
        : [],
  },
  {
    name: "Labels",
    limit: "64 a resource; keys and values of at most 63 characters: a-z, 0-9, - and _",
    source: `${DOCS}/resource-manager/docs/labels-overview`,
    check: ({ type, inputs }) => {
      // A channel's `labels` are its address; it has `userLabels` for labels.
      const labels = inputs[type.startsWith("gcp:monitoring/") ? "userLabels" : "labels"];
      return Object.entries((labels ?? {}) as Record<string, string>).flatMap(([key, value]) => [
        ...matches("key", key, /^[a-z][-_a-z0-9]{0,62}$/),
        ...matches(key, value, /^[-_a-z0-9]{0,63}$/),
      ]);
    },
  },
  {
    name: "Name of a secret",
    limit: "255 characters: letters, digits, dashes and underscores",
    source: `${DOCS}/secret-manager/docs/reference/rest/v1/projects.secrets/create`,
    check: ({ type, inputs }) =>
      type === "gcp:secretmanager/secret:Secret"
        ? matches("id", inputs["secretId"], /^[-_A-Za-z0-9]{1,255}$/)
        : [],
  },
  {
    name: "Cloud SQL's machine types",
    limit:
      "Enterprise: shared-core, or 1 or an even number of vCPU up to 96 with 0.9 to 6.5 GiB each, in steps of 256 MiB, at least 3.75 GiB",
    source: `${DOCS}/sql/docs/postgres/machine-series-overview`,
    check: ({ type, inputs }) => {
      if (type !== "gcp:sql/databaseInstance:DatabaseInstance") return [];
      const { tier } = inputs["settings"] as { tier: string };
      return isDatabaseTier(tier) ? [] : [`tier "${tier}"`];
    },
  },
  {
    name: "Cloud SQL's flag max_connections",
    limit: "14 to 262143",
    source: `${DOCS}/sql/docs/postgres/flags`,
    check: ({ type, inputs }) =>
      type === "gcp:sql/databaseInstance:DatabaseInstance"
        ? ((inputs["settings"] as any).databaseFlags as { name: string; value: string }[])
            .filter(
              ({ name, value }) =>
                name === "max_connections" && !(Number(value) >= 14 && Number(value) <= 262_143),
            )
            .map(({ value }) => value)
        : [],
  },
  {
    name: "Memorystore's size",
    limit: "1 to 300 GiB; a replica needs the tier STANDARD_HA",
    source: `${DOCS}/memorystore/docs/redis/redis-tiers`,
    check: ({ type, inputs }) => {
      if (type !== "gcp:redis/instance:Instance") return [];
      const size = inputs["memorySizeGb"] as number;
      return size >= 1 && size <= 300 ? [] : [`${size} GiB`];
    },
  },
  {
    name: "A machine's metadata",
    limit: "256 KiB a value, 512 KiB in all",
    source: `${DOCS}/compute/docs/metadata/setting-custom-metadata#limitations`,
    check: ({ type, inputs }) => {
      if (type !== "gcp:compute/instance:Instance") return [];
      const sizes = Object.entries((inputs["metadata"] ?? {}) as Record<string, string>).map(
        ([key, value]) => ({
          key,
          bytes: Buffer.byteLength(value),
        }),
      );
      const total = sum(sizes.map(({ bytes }) => bytes));
      return [
        ...sizes.flatMap(({ key, bytes }) => (bytes > 256 * 1024 ? [`${key} has ${bytes} bytes`] : [])),
        ...(total > 512 * 1024 ? [`${total} bytes in all`] : []),
      ];
    },
  },
];
