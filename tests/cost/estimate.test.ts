import { estimate, totalsBy, type CostLine } from "../../infra/cost/estimate";
import { usage } from "../../infra/cost/usage";
import { container, resource, run } from "./support";

/** Lines of these resources alone, without what every stack pays for. */
function linesOf(...resources: ReturnType<typeof resource>[]): CostLine[] {
  const names = new Set(resources.map(({ type, name }) => `${type}::${name}`));
  return estimate(resources).lines.filter((line) => names.has(line.resource));
}

function expected(lines: CostLine[]): Record<string, number> {
  return Object.fromEntries(lines.map(({ what, cost }) => [what, cost.expected]));
}

// 730 h x 3600 s = 2,628,000 s a month.
const SECONDS = 2_628_000;

describe("Cloud Run", () => {
  it("pays for every second of an instance that keeps its CPU", () =>
    // 2,628,000 vCPU-s x 18,000 = 47,304,000,000 ($47.30); 1,314,000 GiB-s x 2,000 = 2,628,000,000 ($2.63).
    expect(expected(linesOf(run("loki", [container({ name: "loki" })])))).toEqual({
      "CPU of loki": 47_304_000_000,
      "memory of loki": 2_628_000_000,
    }));

  it("bills a sidecar like its service, regardless of the sidecar's setting", () => {
    const alone = linesOf(run("agent", [container({ name: "agent" })]));
    const both = linesOf(
      run("agent", [container({ name: "agent" }), container({ name: "collector", cpuIdle: true })]),
    );
    expect(expected(both)).toEqual({
      ...expected(alone),
      "CPU of collector": SECONDS * 18_000,
      "memory of collector": (SECONDS / 2) * 2_000,
    });
  });

  it("pays for the instances that a minimum keeps, times what the load takes where it may scale", () => {
    const [cpu] = linesOf(run("gateway", [container({})], 2, 20));
    // dev: 2 instances x 1.0 x 2,628,000 s.
    expect(cpu).toMatchObject({ what: "CPU of main", quantity: { expected: 5_256_000 } });
  });

  it("pays for the time of requests only where the CPU sleeps between them, and for the requests", () => {
    // 8 % of 2,628,000 s = 210,240 s: x 24,000 = 5,045,760,000; half a GiB: 105,120 x 2,500 = 262,800,000.
    // 500,000 requests x 400 = 200,000,000.
    expect(expected(linesOf(run("grafana", [container({ cpuIdle: true })], 0, 3)))).toEqual({
      "CPU of main": 5_045_760_000,
      "memory of main": 262_800_000,
      requests: 200_000_000,
    });
  });

  it("pays an idle price for warm instances of such a service", () => {
    // 92 % of 2,628,000 s = 2,417,760 s: x 2,500 = 6,044,400,000; half a GiB: 1,208,880 x 2,500 = 3,022,200,000.
    expect(expected(linesOf(run("grafana", [container({ cpuIdle: true })], 1, 3)))).toMatchObject({
      "idle CPU of main": 6_044_400_000,
      "idle memory of main": 3_022_200_000,
    });
  });

  it.each([
    ["cpu", { cpu: "two" }, 'limits.cpu "two" has no price. Write cpu as "1" or "512Mi"'],
    ["memory", { memory: "1T" }, 'limits.memory "1T" has no price. Write memory as "1" or "512Mi"'],
  ])("refuses a limit of %s that it cannot read", (_, limits, message) =>
    expect(() => linesOf(run("agent", [container(limits)]))).toThrow(message),
  );
});

describe("a worker pool", () => {
  it("pays for every second of its instances, each container under its service's name", () => {
    const pool = resource("gcp:cloudrunv2/workerPool:WorkerPool", "workers", {
      scaling: { manualInstanceCount: 2 },
      template: { containers: [container({ name: "alloy", cpu: "500m", memory: "512Mi" })] },
    });
    // 2 x 0.5 x 2,628,000 s x 11,244; 2 x 0.5 GiB x 2,628,000 s x 1,235.
    expect(linesOf(pool).map(({ service, what, cost }) => [service, what, cost.expected])).toEqual([
      ["alloy", "CPU of alloy", 29_549_232_000],
      ["alloy", "memory of alloy", 3_245_580_000],
    ]);
  });
});

describe("Cloud SQL", () => {
  const POSTGRES = "gcp:sql/databaseInstance:DatabaseInstance";
  const instance = (availabilityType: string) =>
    resource(POSTGRES, "postgres", {
      settings: { tier: "db-custom-2-7680", availabilityType, diskSize: 10, diskType: "PD_SSD" },
    });

  it("pays for vCPU, memory, disk and backups", () =>
    // 2 x 730 h x 41,300,000 = 60,298,000,000; 7.5 GiB x 730 h x 7,000,000 = 38,325,000,000;
    // 10 GiB x 170,000,000 = 1,700,000,000; 3 GiB of backups x 80,000,000 = 240,000,000.
    expect(expected(linesOf(instance("ZONAL")))).toEqual({
      "2 vCPU": 60_298_000_000,
      memory: 38_325_000_000,
      disk: 1_700_000_000,
      backups: 240_000_000,
    }));

  it("pays twice where a standby waits, but for the backups", () =>
    expect(expected(linesOf(instance("REGIONAL")))).toEqual({
      "2 vCPU (and its standby's)": 2 * 60_298_000_000,
      "memory (and its standby's)": 2 * 38_325_000_000,
      "disk (and its standby's)": 2 * 1_700_000_000,
      backups: 240_000_000,
    }));

  it("pays a shared core by the hour", () =>
    // 730 h x 35,000,000.
    expect(
      expected(linesOf(resource(POSTGRES, "postgres", { settings: { tier: "db-g1-small", diskSize: 10 } }))),
    ).toMatchObject({ "db-g1-small": 25_550_000_000 }));

  it.each([
    ["settings.tier", { tier: "db-n9" }, 'settings.tier "db-n9" has no price. Use db-g1-small or'],
    ["settings.edition", { tier: "db-g1-small", edition: "ENTERPRISE_PLUS" }, 'edition "ENTERPRISE_PLUS"'],
    ["settings.diskType", { tier: "db-g1-small", diskType: "PD_HDD" }, 'settings.diskType "PD_HDD"'],
  ])("refuses an unknown %s", (_, settings, message) =>
    expect(() => linesOf(resource(POSTGRES, "postgres", { settings }))).toThrow(message),
  );
});

describe("Memorystore", () => {
  const redis = (tier: string, memorySizeGb: number) =>
    resource("gcp:redis/instance:Instance", "redis", { tier, memorySizeGb });

  it.each([
    // GiB x 730 h x the band's price.
    ["BASIC", 1, "1 GiB, one node", 730 * 49_000_000],
    ["STANDARD_HA", 1, "1 GiB, with a replica", 730 * 64_000_000],
    ["BASIC", 5, "5 GiB, one node", 5 * 730 * 27_000_000],
  ])("pays %s of %d GiB by its band", (tier, size, what, cost) =>
    expect(expected(linesOf(redis(tier, size)))).toEqual({ [what]: cost }),
  );

  it.each([
    ["GOLD", 1, 'tier "GOLD"'],
    ["BASIC", 11, "memorySizeGb 11"],
  ])("refuses %s of %d GiB", (tier, size, message) =>
    expect(() => linesOf(redis(tier, size))).toThrow(message),
  );
});

describe("Compute Engine", () => {
  const machine = (machineType: string, accessConfigs?: object[]) =>
    resource("gcp:compute/instance:Instance", "clickhouse", {
      machineType,
      bootDisk: { initializeParams: { size: 10, type: "pd-balanced" } },
      networkInterfaces: [{ subnetwork: "network", ...(accessConfigs ? { accessConfigs } : {}) }],
    });

  it("pays for a machine's CPU, memory and boot disk", () =>
    // e2-standard-4: 4 x 730 x 23,993,370 = 70,060,640,400; 16 x 730 x 3,216,090 = 37,563,931,200; 10 x 100,000,000.
    expect(expected(linesOf(machine("e2-standard-4")))).toEqual({
      "CPU of e2-standard-4": 70_060_640_400,
      "memory of e2-standard-4": 37_563_931_200,
      "boot disk, 10 GiB": 1_000_000_000,
    }));

  it("pays for half a vCPU of an e2-small", () =>
    expect(expected(linesOf(machine("e2-small")))["CPU of e2-small"]).toBe(0.5 * 730 * 23_993_370));

  it("pays for a machine's external address, where it has one", () => {
    const items = (accessConfigs?: object[]) =>
      Object.keys(expected(linesOf(machine("e2-small", accessConfigs))));
    expect(items([{}])).toContain("external address");
    expect(items([])).not.toContain("external address");
    expect(items()).not.toContain("external address");
  });

  it("refuses a machine that it does not know", () =>
    expect(() => linesOf(machine("m4-ultra"))).toThrow('machineType "m4-ultra" has no price'));

  it("pays for a disk, and for snapshots where a schedule is attached", () => {
    const disk = resource("gcp:compute/disk:Disk", "data", { size: 20, type: "pd-balanced" });
    const schedule = resource(
      "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment",
      "data-snapshots",
    );
    expect(expected(linesOf(disk))).toEqual({ "20 GiB pd-balanced": 2_000_000_000 });
    expect(estimate([disk]).lines.map(({ what }) => what)).not.toContain("snapshots");
    // 40 % of 20 GiB x 50,000,000.
    expect(estimate([disk, schedule]).lines).toContainEqual(
      expect.objectContaining({
        what: "snapshots",
        cost: expect.objectContaining({ expected: 400_000_000 }),
      }),
    );
  });

  it("pays for external addresses and for Cloud NAT's machines and traffic, not for internal addresses", () => {
    const ADDRESS = "gcp:compute/address:Address";
    expect(linesOf(resource(ADDRESS, "inside", { addressType: "INTERNAL" }))).toEqual([]);
    expect(expected(linesOf(resource(ADDRESS, "outside")))).toEqual({
      "external address": 730 * 5_000_000,
    });
    // One machine x 730 h x 1,400,000; 10 GiB x 45,000,000.
    const nat = linesOf(
      resource("gcp:compute/routerNat:RouterNat", "nat"),
      resource("gcp:compute/instance:Instance", "machine", { machineType: "e2-standard-4" }),
    ).filter(({ resource: of }) => of.endsWith("::nat"));
    expect(expected(nat)).toEqual({
      gateway: 1_022_000_000,
      traffic: 450_000_000,
    });
  });
});

describe("what is free", () => {
  const logs = (environment: "dev" | "prod", logGiB: number) =>
    estimate([run("agent", [container({})])], {
      usage: { ...usage[environment], logGiB: { low: logGiB, expected: logGiB, high: logGiB } },
    }).lines.filter(({ price }) => price === "logging.storage");

  it("takes a project's free units off in every case, and no more than are used", () =>
    expect(logs("dev", 20).map(({ cost }) => cost)).toEqual([
      { low: 10_000_000_000, expected: 10_000_000_000, high: 10_000_000_000 },
      { low: -10_000_000_000, expected: -10_000_000_000, high: -10_000_000_000 },
    ]));

  it("takes at most the free units off", () =>
    // 50 of 80 GiB.
    expect(logs("dev", 80).map(({ quantity }) => quantity.expected)).toEqual([80, -50]));

  it("counts what a billing account shares in the low case only", () => {
    const allowance = estimate([resource("gcp:artifactregistry/repository:Repository", "own")]).lines.find(
      ({ service, price }) => service === "free tier" && price === "registry.storage",
    );
    // 0.5 GiB x 100,000,000.
    expect(allowance?.cost).toEqual({ low: -50_000_000, expected: 0, high: 0 });
  });
});

describe("an estimate", () => {
  it.each([
    ["gcp:bigtable/instance:Instance", "of Google's"],
    ["aws:s3/bucket:Bucket", "of another cloud's"],
  ])("refuses %s, a type %s that is in no list: nothing is free in silence", (type) =>
    expect(() => estimate([resource(type, "new")])).toThrow(
      `${type} new: type "${type}" has no price. Give it a rate or say why it is free in infra/cost/rates/index.ts`,
    ),
  );

  it("adds its lines up, by layer and by service too, most expensive first", () => {
    const { lines, total } = estimate([
      run("agent", [container({})]),
      run("loki", [container({ memory: "1Gi" })]),
      resource("gcp:redis/instance:Instance", "redis", { tier: "BASIC", memorySizeGb: 1 }),
    ]);
    for (const name of ["low", "expected", "high"] as const) {
      const sum = lines.reduce((nanos, { cost }) => nanos + cost[name], 0);
      expect(total[name]).toBe(sum);
      expect(Number.isSafeInteger(sum)).toBe(true);
      for (const key of ["layer", "service"] as const) {
        const parts = totalsBy(lines, (line) => line[key]);
        expect(parts.reduce((nanos, [, amount]) => nanos + amount[name], 0)).toBe(sum);
      }
    }
    const costs = lines.map(({ cost }) => cost.expected);
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
    expect(lines.find(({ service }) => service === "redis")?.layer).toBe("llm-observability");
  });

  it("takes prod's assumptions unless the resources say that they are dev's", () => {
    const dev = resource("gcp:storage/bucket:Bucket", "config");
    expect(estimate([dev]).environment).toBe("dev");
    expect(estimate([{ ...dev, inputs: {} }]).environment).toBe("prod");
  });
});
