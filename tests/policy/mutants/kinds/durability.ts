import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

/** Faults that lose data: by a deletion, by a backup that is missing, by a retention that is too short. */
export function* durability(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "data lost", what, resources });
  const at = (pattern: RegExp, what: string, change: (props: Props) => void) =>
    ofTypes(base, pattern).map((index) =>
      of(
        `${base[index]!.name}: ${what}`,
        changed(base, index, ({ props }) => change(props)),
      ),
    );
  const isProd = base.some(({ props }) => props.labels?.environment === "prod");

  if (isProd) {
    const PROTECTED = /^gcp:(sql\/databaseInstance|redis\/instance|cloudrunv2\/service|compute\/instance):/;
    yield* at(PROTECTED, "deletionProtection off", (props) => (props.deletionProtection = false));
    yield* at(PROTECTED, "deletionProtection missing", (props) => delete props.deletionProtection);
    yield* at(
      /^gcp:sql\/databaseInstance:/,
      "the API's own protection off",
      ({ settings }) => (settings.deletionProtectionEnabled = false),
    );
    yield* at(/^gcp:storage\/bucket:/, "forceDestroy", (props) => (props.forceDestroy = true));
    for (const index of ofTypes(base, /^gcp:compute\/disk:/))
      yield of(
        `${base[index]!.name}: not protected`,
        changed(base, index, (copy) => (copy.protect = false)),
      );
    yield* at(
      /^gcp:sql\/databaseInstance:/,
      "one zone",
      ({ settings }) => (settings.availabilityType = "ZONAL"),
    );
  }
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "no backups",
    ({ settings }) => (settings.backupConfiguration.enabled = false),
  );
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "no backup configuration",
    ({ settings }) => delete settings.backupConfiguration,
  );
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "no point in time",
    ({ settings }) => (settings.backupConfiguration.pointInTimeRecoveryEnabled = false),
  );
  for (const days of [1, 6])
    yield* at(
      /^gcp:sql\/databaseInstance:/,
      `${days} days of logs`,
      ({ settings }) => (settings.backupConfiguration.transactionLogRetentionDays = days),
    );
  for (const count of [1, 7, 13])
    yield* at(
      /^gcp:sql\/databaseInstance:/,
      `${count} backups`,
      ({ settings }) => (settings.backupConfiguration.backupRetentionSettings.retainedBackups = count),
    );
  for (const days of [1, 13])
    yield* at(
      /^gcp:compute\/resourcePolicy:/,
      `snapshots for ${days} days`,
      (props) => (props.snapshotSchedulePolicy.retentionPolicy.maxRetentionDays = days),
    );
  yield* at(
    /^gcp:compute\/resourcePolicy:/,
    "snapshots gone with the disk",
    (props) => (props.snapshotSchedulePolicy.retentionPolicy.onSourceDiskDelete = "APPLY_RETENTION_POLICY"),
  );
  yield* at(
    /^gcp:compute\/resourcePolicy:/,
    "snapshots every week",
    (props) => (props.snapshotSchedulePolicy.schedule = { weeklySchedule: {} }),
  );
  for (const index of ofTypes(base, /^gcp:compute\/diskResourcePolicyAttachment:/))
    yield of(
      `${base[index]!.name}: gone`,
      base.filter((_, other) => other !== index),
    );
  yield* at(
    /^gcp:storage\/bucket:/,
    "no soft delete",
    (props) => (props.softDeletePolicy = { retentionDurationSeconds: 0 }),
  );
  for (const age of [1, 6])
    for (const index of ofTypes(base, /^gcp:storage\/bucket:/)) {
      // An operator's answer lives for a day: no longer time is a loss.
      if (lifetime(base[index]!) <= age) continue;
      const rules = [{ action: { type: "Delete" }, condition: { age } }];
      yield of(
        `${base[index]!.name}: deleted after ${age} days`,
        changed(base, index, ({ props }) => (props.lifecycleRules = rules)),
      );
    }
  yield* at(
    /^gcp:secretmanager\/secretVersion:/,
    "old versions destroyed",
    (props) => (props.deletionPolicy = "DELETE"),
  );
  yield* at(/^gcp:secretmanager\/secret:/, "gone after a day", (props) => (props.ttl = "86400s"));
  yield* at(/^gcp:logging\/projectSink:/, "off", (props) => (props.disabled = true));
  yield* at(
    /^gcp:logging\/projectSink:/,
    "exclusions",
    (props) => (props.exclusions = [{ name: "all", filter: "severity>=DEFAULT" }]),
  );
  yield* at(
    /^gcp:pubsub\/subscription:/,
    "ten minutes",
    (props) => (props.messageRetentionDuration = "600s"),
  );
  for (const { where, change, target } of containersOf(base))
    if (/prometheus/.test(where) && !/collector/.test(where))
      for (const time of ["1d", "14d", "2y"])
        yield of(
          `${where}: metrics for ${time}`,
          change((broken) => {
            const key = target === "compose" ? "command" : "args";
            broken[key] = (broken[key] as string[]).map((each) =>
              each.replace(/retention\.time=.*/, `retention.time=${time}`),
            );
          }),
        );
  const file = (pattern: RegExp, what: string, change: (text: string) => string) =>
    ofTypes(base, /^gcp:storage\/bucketObject:/)
      .filter((index) => pattern.test(base[index]!.name))
      .map((index) =>
        of(
          `${base[index]!.name}: ${what}`,
          changed(base, index, ({ props }) => (props.content = change(props.content as string))),
        ),
      );
  yield* file(/loki\.yaml$/, "a day of logs", (text) =>
    text.replace("retention_period: 168h", "retention_period: 24h"),
  );
  yield* file(/loki\.yaml$/, "logs for ever", (text) =>
    text.replace("retention_enabled: true", "retention_enabled: false"),
  );
  yield* file(/\/retention\.sql$/, "traces for 30 days", (text) =>
    text.replaceAll("{retention_days:UInt16}", "30"),
  );
  yield* file(/\/compose\.yaml$/, "traces for 30 days", (text) =>
    text.replace(/TRACE_RETENTION_DAYS: "90"/, 'TRACE_RETENTION_DAYS: "30"'),
  );
}

/** Days after which a bucket deletes its objects. */
function lifetime({ props }: Resource): number {
  const rules = (props.lifecycleRules ?? []) as { action: { type: string }; condition: { age: number } }[];
  return Math.min(
    ...rules.filter(({ action }) => action.type === "Delete").map(({ condition }) => condition.age),
  );
}
