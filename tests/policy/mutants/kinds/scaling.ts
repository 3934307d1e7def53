import type { Resource } from "../../../../policies/evaluate";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

/** Faults that cost: more instances, larger ones, no bound at all. */
export function* scaling(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "scaling", what, resources });
  for (const at of ofTypes(base, /^gcp:cloudrunv2\/service:/)) {
    const { name } = base[at]!;
    for (const most of [21, 100, 1000, 0, undefined])
      yield of(
        `${name}: at most ${most}`,
        changed(base, at, ({ props }) => (props.template.scaling.maxInstanceCount = most)),
      );
    for (const least of [3, 20])
      yield of(
        `${name}: at least ${least}`,
        changed(base, at, ({ props }) => (props.template.scaling.minInstanceCount = least)),
      );
    yield of(
      `${name}: no bounds`,
      changed(base, at, ({ props }) => delete props.template.scaling),
    );
  }
  for (const { where, target, change } of containersOf(base))
    for (const resource of ["cpu", "memory"])
      yield of(
        `${where}: no limit of ${resource}`,
        change((broken) => {
          if (target === "compose")
            delete broken.deploy.resources.limits[resource === "cpu" ? "cpus" : resource];
          else delete broken.resources.limits[resource];
        }),
      );
  for (const at of ofTypes(base, /^gcp:compute\/instance:/))
    for (const machineType of ["n2-standard-128", "a2-ultragpu-8g"])
      yield of(
        `${base[at]!.name}: ${machineType}`,
        changed(base, at, ({ props }) => (props.machineType = machineType)),
      );
  for (const at of ofTypes(base, /^gcp:compute\/disk:/))
    yield of(
      `${base[at]!.name}: 60 TB`,
      changed(base, at, ({ props }) => (props.size = 60_000)),
    );
  for (const at of ofTypes(base, /^gcp:sql\/databaseInstance:/))
    yield of(
      "96 vCPU",
      changed(base, at, ({ props }) => (props.settings.tier = "db-custom-96-368640")),
    );
  for (const at of ofTypes(base, /^gcp:redis\/instance:/))
    yield of(
      `${base[at]!.name}: 300 GiB`,
      changed(base, at, ({ props }) => (props.memorySizeGb = 300)),
    );
}
