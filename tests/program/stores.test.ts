import { definitions } from "../../litellm-config";
import { Planned, SERVICE } from "./support/planned";

let dev: Planned;
let prod: Planned;
beforeAll(async () => {
  dev = await Planned.of("dev");
  prod = await Planned.of("prod");
});

describe("the network", () => {
  it("reaches Google's APIs and Cloud Run on private addresses", () => {
    const subnet = dev.inputs("gcp:compute/subnetwork:Subnetwork");
    expect(subnet.privateIpGoogleAccess).toBe(true);
    const zones = dev.all("gcp:dns/managedZone:ManagedZone").map(({ inputs }) => inputs);
    expect(zones.map(({ dnsName }) => dnsName).sort()).toEqual([
      "googleapis.com.",
      "pkg.dev.",
      "run.app.",
      "tollgate.internal.",
    ]);
    expect(new Set(zones.map(({ visibility }) => visibility))).toEqual(new Set(["private"]));
    for (const name of ["network-run-app-apex", "network-run-app-any"]) {
      expect(dev.inputs("gcp:dns/recordSet:RecordSet", name).rrdatas).toContain("199.36.153.8");
    }
  });

  it("leaves by one address in prod, by Cloud Run's own in dev, and lets only its subnet in", () => {
    expect(prod.inputs("gcp:compute/routerNat:RouterNat")).toMatchObject({
      natIpAllocateOption: "MANUAL_ONLY",
      sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
    });
    expect(dev.all("gcp:compute/routerNat:RouterNat")).toEqual([]);
    for (const [stack, egress] of [
      [dev, "PRIVATE_RANGES_ONLY"],
      [prod, "ALL_TRAFFIC"],
    ] as const)
      for (const { inputs } of stack.all(SERVICE))
        expect(inputs["template"]).toMatchObject({ vpcAccess: { egress } });
    const subnet = dev.inputs("gcp:compute/subnetwork:Subnetwork");
    expect(dev.all("gcp:compute/firewall:Firewall").map(({ inputs }) => inputs["sourceRanges"])).toEqual([
      [subnet.ipCidrRange],
    ]);
  });

  it("peers with Google's managed services before a database asks for it", () => {
    for (const type of ["gcp:sql/databaseInstance:DatabaseInstance", "gcp:redis/instance:Instance"]) {
      for (const { dependsOn } of prod.all(type)) {
        expect(dependsOn).toContain("gcp:servicenetworking/connection:Connection::network-private-services");
      }
    }
  });
});

describe("Postgres", () => {
  const type = "gcp:sql/databaseInstance:DatabaseInstance";

  it("is version 16 without a public address, and speaks TLS only", () => {
    for (const stack of [dev, prod]) {
      const { databaseVersion, settings } = stack.inputs(type);
      expect(databaseVersion).toBe("POSTGRES_16");
      expect(settings.ipConfiguration).toMatchObject({ ipv4Enabled: false, sslMode: "ENCRYPTED_ONLY" });
      expect(settings.ipConfiguration.authorizedNetworks).toBeUndefined();
    }
  });

  it("is backed up with recovery to any point in time", () => {
    for (const stack of [dev, prod]) {
      expect(stack.inputs(type).settings.backupConfiguration).toMatchObject({
        enabled: true,
        pointInTimeRecoveryEnabled: true,
      });
    }
  });

  it("survives a zone and a typo in prod, and can be thrown away in dev", () => {
    expect(prod.inputs(type)).toMatchObject({
      deletionProtection: true,
      settings: { availabilityType: "REGIONAL", deletionProtectionEnabled: true },
    });
    expect(dev.inputs(type)).toMatchObject({
      deletionProtection: false,
      settings: { availabilityType: "ZONAL", deletionProtectionEnabled: false },
    });
  });

  it("has a database for the ledger, Langfuse and Grafana, and no user of the API but postgres", () => {
    expect(dev.all("gcp:sql/database:Database").map(({ name }) => name)).toEqual([
      "grafana",
      "langfuse",
      "ledger",
    ]);
    expect(dev.all("gcp:sql/user:User").map(({ inputs }) => inputs["name"])).toEqual(["postgres"]);
  });
});

describe("Redis", () => {
  const type = "gcp:redis/instance:Instance";

  it("asks for a password and speaks TLS on a private address", () => {
    for (const { inputs } of [...dev.all(type), ...prod.all(type)]) {
      expect(inputs).toMatchObject({
        authEnabled: true,
        transitEncryptionMode: "SERVER_AUTHENTICATION",
        connectMode: "PRIVATE_SERVICE_ACCESS",
      });
    }
  });

  it("never evicts Langfuse's queue: cached entries in it expire by themselves", () => {
    const policy = (stack: Planned) =>
      Object.fromEntries(stack.all(type).map(({ name, inputs }) => [name, inputs["redisConfigs"]]));
    for (const stack of [dev, prod])
      expect(policy(stack)).toEqual({ redis: { "maxmemory-policy": "noeviction" } });
  });

  it("has a replica and cannot be deleted in prod", () => {
    expect(prod.inputs(type, "redis")).toMatchObject({ tier: "STANDARD_HA", deletionProtection: true });
    expect(dev.inputs(type, "redis")).toMatchObject({ tier: "BASIC", deletionProtection: false });
  });
});

describe("ClickHouse", () => {
  it("runs on Container-Optimized OS without an external address", () => {
    for (const stack of [dev, prod]) {
      const { bootDisk, networkInterfaces, shieldedInstanceConfig } = stack.inputs(
        "gcp:compute/instance:Instance",
      );
      expect(bootDisk.initializeParams.image).toContain("cos-cloud");
      expect(networkInterfaces).toHaveLength(1);
      expect(networkInterfaces[0].accessConfigs).toBeUndefined();
      expect(shieldedInstanceConfig.enableSecureBoot).toBe(true);
    }
  });

  it("keeps its data on its own disk, snapshotted daily", () => {
    const { attachedDisks } = dev.inputs("gcp:compute/instance:Instance");
    expect(attachedDisks).toEqual([
      { source: "[unknown]", deviceName: "clickhouse-data", mode: "READ_WRITE" },
    ]);
    expect(dev.inputs("gcp:compute/disk:Disk").size).toBe(20);
    expect(
      dev.inputs("gcp:compute/resourcePolicy:ResourcePolicy").snapshotSchedulePolicy.schedule.dailySchedule,
    ).toMatchObject({ daysInCycle: 1 });
    expect(dev.all("gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment")).toHaveLength(1);
  });

  it("begins with a snapshot's data, in another zone, where the stack says so", async () => {
    const snapshot = "projects/tollgate-dev/global/snapshots/clickhouse-1";
    const plan = await Planned.of("dev", {
      "tollgate:clickhouseSnapshot": snapshot,
      "tollgate:sizes": '{"clickhouseZone":"c"}',
    });
    const at = { zone: "europe-west1-c" };
    expect(plan.inputs("gcp:compute/disk:Disk")).toMatchObject({ ...at, snapshot });
    expect(plan.inputs("gcp:compute/instance:Instance")).toMatchObject(at);
  });

  it("cannot be deleted in prod, nor its disk", () => {
    expect(prod.inputs("gcp:compute/instance:Instance").deletionProtection).toBe(true);
    expect(prod.one("gcp:compute/disk:Disk").protect).toBe(true);
    expect(dev.inputs("gcp:compute/instance:Instance").deletionProtection).toBe(false);
    expect(dev.one("gcp:compute/disk:Disk").protect).toBeUndefined();
  });
});

describe("buckets", () => {
  const type = "gcp:storage/bucket:Bucket";

  it("are closed to the public, with one way of access", () => {
    for (const { inputs } of [...dev.all(type), ...prod.all(type)]) {
      expect(inputs).toMatchObject({ uniformBucketLevelAccess: true, publicAccessPrevention: "enforced" });
    }
  });

  it("go with their objects in dev only", () => {
    expect(new Set(dev.all(type).map(({ inputs }) => inputs["forceDestroy"]))).toEqual(new Set([true]));
    expect(new Set(prod.all(type).map(({ inputs }) => inputs["forceDestroy"]))).toEqual(new Set([false]));
  });

  it("keep Langfuse's events as long as the traces, its exports as long as their links, and the archive for good", () => {
    const { traces } = definitions.retention;
    expect(dev.inputs(type, "langfuse-events").lifecycleRules).toEqual([
      { action: { type: "Delete" }, condition: { age: traces } },
    ]);
    expect(dev.inputs(type, "langfuse-exports").lifecycleRules).toEqual([
      { action: { type: "Delete" }, condition: { age: 2 } },
    ]);
    expect(dev.inputs(type, "trace-archive").lifecycleRules).toEqual([
      { action: { type: "SetStorageClass", storageClass: "COLDLINE" }, condition: { age: 30 } },
    ]);
  });
});
