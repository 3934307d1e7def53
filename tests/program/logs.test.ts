import { Planned } from "./support/planned";

const SINK = "gcp:logging/projectSink:ProjectSink";
const MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember";

let dev: Planned;
beforeAll(async () => {
  dev = await Planned.of("dev");
});

describe("the logs", () => {
  it("go to the collector and, line for line the same, to the archive", () => {
    const [collector, archive] = [dev.inputs(SINK, "logs"), dev.inputs(SINK, "logs-archive")];
    expect(archive.destination).toBe(
      `storage.googleapis.com/${dev.inputs("gcp:storage/bucket:Bucket", "log-archive").name}`,
    );
    expect(archive.filter).toBe(collector.filter);
    expect(archive.filter).toContain('NOT resource.labels.service_name="tollgate-alloy"');
  });

  it("may be added to the archive by the sink, not read, changed or deleted", () => {
    const members = dev.all(MEMBER).filter(({ dependsOn }) => dependsOn.includes(`${SINK}::logs-archive`));
    expect(members.map(({ inputs }) => inputs["role"])).toEqual(["roles/storage.objectCreator"]);
  });

  it("stay in the archive for good, in a cheaper class after a month", () => {
    expect(dev.inputs("gcp:storage/bucket:Bucket", "log-archive").lifecycleRules).toEqual([
      { action: { type: "SetStorageClass", storageClass: "COLDLINE" }, condition: { age: 30 } },
    ]);
  });
});
