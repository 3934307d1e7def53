import { parse, stringify } from "yaml";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed } from "../mutant";

/** A container of a plan, and the stack with that container changed. */
export interface Place {
  where: string;
  target: "cloud-run" | "compose";
  container: Props;
  change: (change: (container: Props) => void) => Resource[];
}

/** Every container of a stack, on Cloud Run and in Compose files. */
export function containersOf(base: Resource[]): Place[] {
  return base.flatMap(({ type, name, props }, at): Place[] => {
    if (/^gcp:cloudrunv2\/(service|job|workerPool):/.test(type)) {
      const of = (of: Props): Props[] => (of.template?.template ?? of.template)?.containers ?? [];
      return of(props).map((container, index) => ({
        where: `${type.split(":").at(-1)} ${name}/${container.name}`,
        target: "cloud-run",
        container,
        change: (change) => changed(base, at, (copy) => change(of(copy.props)[index]!)),
      }));
    }
    if (!/compose\.yaml$/.test(name)) return [];
    const file = parse(props.content as string) as { services: Record<string, Props> };
    return Object.entries(file.services).map(([service, container]) => ({
      where: `compose ${service}`,
      target: "compose",
      container,
      change: (change) => {
        const broken = structuredClone(file);
        change(broken.services[service]!);
        return changed(base, at, (copy) => (copy.props.content = stringify(broken)));
      },
    }));
  });
}

/** The places of the resources of some types. */
export function ofTypes(base: Resource[], pattern: RegExp): number[] {
  return base.flatMap(({ type }, at) => (pattern.test(type) ? [at] : []));
}
