import { findService } from "../../../catalogue";
import { combine, fixed, times, type Range } from "../range";
import { SECONDS, type Usage } from "../usage";
import { UnpricedError, type BilledResource, type Item, type Rate } from "./rate";

interface Container {
  name?: string;
  resources?: { limits?: { cpu?: string; memory?: string }; cpuIdle?: boolean };
}

/** Cloud Run's own limits where a container names none. */
const DEFAULT_LIMITS = { cpu: "1", memory: "512Mi" };

/**
 * Every container of every instance. A service with CPU between requests pays for the instance's life, and not for requests;
 * one without pays for the time of its requests, and an idle price for the instances that are kept warm.
 */
export const service: Rate = (resource, usage) => {
  const { containers = [], scaling = {} } = resource.inputs.template ?? {};
  const minimum: number = scaling.minInstanceCount ?? 0;
  const single = scaling.maxInstanceCount === minimum;
  // The setting is the revision's: one container that keeps its CPU keeps that of its sidecars.
  const alwaysOn = containers.some(({ resources }: Container) => resources?.cpuIdle === false);

  const items = containers.flatMap((container: Container): Item[] => {
    const { cpu, memory } = limits(container, resource);
    const name = container.name ?? resource.name;
    if (alwaysOn) {
      const instances = single ? fixed(minimum) : alwaysOnInstances(minimum, usage);
      return [
        item(`CPU of ${name}`, "run.cpu.instance", times(instances, cpu * SECONDS)),
        item(`memory of ${name}`, "run.memory.instance", times(instances, memory * SECONDS)),
      ].map((each) => ({ ...each, ...owner(container) }));
    }
    const idle = combine([usage.activeShare], (share) => Math.max(0, minimum - share));
    return [
      item(`CPU of ${name}`, "run.cpu.request", times(usage.activeShare, cpu * SECONDS)),
      item(`memory of ${name}`, "run.memory.request", times(usage.activeShare, memory * SECONDS)),
      ...(minimum > 0
        ? [
            item(`idle CPU of ${name}`, "run.cpu.idle", times(idle, cpu * SECONDS)),
            item(`idle memory of ${name}`, "run.memory.idle", times(idle, memory * SECONDS)),
          ]
        : []),
    ];
  });
  return alwaysOn ? items : [...items, item("requests", "run.requests", usage.requests)];
};

/** Every container of every instance of a worker pool, always. */
export const workerPool: Rate = (resource) => {
  const containers: Container[] = resource.inputs.template?.containers ?? [];
  const instances: number = resource.inputs.scaling?.manualInstanceCount ?? 1;
  return containers.flatMap((container) => {
    const { cpu, memory } = limits(container, resource);
    const name = container.name ?? resource.name;
    return [
      item(`CPU of ${name}`, "run.pool.cpu", fixed(instances * cpu * SECONDS)),
      item(`memory of ${name}`, "run.pool.memory", fixed(instances * memory * SECONDS)),
    ].map((each) => ({ ...each, ...owner(container) }));
  });
};

/** Whose a container is, where services share an instance. */
function owner({ name = "" }: Container): { service?: string } {
  return findService(name) ? { service: name } : {};
}

/** A job's containers, for as long as its runs take. */
export const job: Rate = (resource, usage) => {
  const containers: Container[] = resource.inputs.template?.template?.containers ?? [];
  const seconds = times(usage.jobSeconds, usage.jobRuns);
  return containers.flatMap((container) => {
    const { cpu, memory } = limits(container, resource);
    return [
      item("CPU", "run.job.cpu", times(seconds, cpu)),
      item("memory", "run.job.memory", times(seconds, memory)),
    ];
  });
};

/** Seconds that Cloud Run bills of a job's run at least. */
const SHORTEST_RUN = 60;
const MINUTES = SECONDS / 60;

/** A schedule, and the runs of a job that it asks for, each of one container of Cloud Run's smallest size. */
export const schedule: Rate = (resource) => {
  const own = item("schedule", "scheduler.job", fixed(1));
  const { schedule: cron } = resource.inputs as { schedule?: string };
  // What wakes and puts to sleep runs no job.
  if (/^office-(wake|sleep)-/.test(resource.name)) return [own];
  const open = /^\S+ (\d+)-(\d+) \* \* 1-5$/.exec(String(cron));
  const share = open ? (5 * (Number(open[2]) - Number(open[1]) + 1)) / 168 : 1;
  const runs = (MINUTES * share) / minutesBetween(resource);
  return [
    own,
    item("CPU of its runs", "run.job.cpu", fixed(runs * SHORTEST_RUN)),
    item("memory of its runs", "run.job.memory", fixed(runs * SHORTEST_RUN * 0.5)),
  ];
};

function minutesBetween(resource: BilledResource): number {
  const cron = String((resource.inputs as { schedule?: string }).schedule);
  const [minute = "", hour = ""] = cron.split(" ");
  const each = (field: string) => Number(/^\*\/(\d+)$/.exec(field)?.[1]);
  if (each(minute)) return each(minute);
  if (each(hour)) return each(hour) * 60;
  if (/^\d+ \d+ /.test(cron)) return 24 * 60;
  if (/^\d+ \*/.test(cron)) return 60;
  throw new UnpricedError(resource, "schedule", cron, 'Write it as "*/15 * * * *" or "30 3 * * *"');
}

/** A service that scales has as many as its load takes, and never less than its minimum; from zero it is there when used. */
function alwaysOnInstances(minimum: number, usage: Usage): Range {
  return minimum > 0 ? times(usage.instances, minimum) : usage.activeShare;
}

function limits(container: Container, resource: BilledResource): { cpu: number; memory: number } {
  const { cpu, memory } = { ...DEFAULT_LIMITS, ...container.resources?.limits };
  return {
    cpu: amount(cpu, { "": 1, m: 0.001 }, "cpu", resource),
    memory: amount(memory, { Mi: 1 / 1024, Gi: 1 }, "memory", resource),
  };
}

function amount(
  text: string,
  units: Record<string, number>,
  field: string,
  resource: BilledResource,
): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (digits === undefined || factor === undefined) {
    throw new UnpricedError(resource, `limits.${field}`, text, `Write ${field} as "1" or "512Mi"`);
  }
  return Number(digits) * factor;
}

function item(what: string, price: string, quantity: Range): Item {
  return { what, price, quantity };
}
