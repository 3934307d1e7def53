import { parse } from "yaml";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed } from "../mutant";

/** A container of a plan, and the stack with that container changed. */
export interface Place {
  where: string;
  target: "cloud-run" | "compose";
  container: Props;
  change: (change: (container: Props) => void) => Resource[];
  /** Changes the whole file, where the container is Compose's. */
  file?: (change: (file: Props) => void) => Resource[];
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
    const edit = (change: (file: Props) => void) => {
      const broken = structuredClone(file);
      change(broken);
      return changed(base, at, (copy) => (copy.props.content = JSON.stringify(broken, null, 1)));
    };
    return Object.entries(file.services).map(([service, container]) => ({
      where: `compose ${service}`,
      target: "compose",
      container,
      change: (change) => edit(({ services }) => change(services[service])),
      file: edit,
    }));
  });
}

/** The places of the resources of some types. */
export function ofTypes(base: Resource[], pattern: RegExp): number[] {
  return base.flatMap(({ type }, at) => (pattern.test(type) ? [at] : []));
}
