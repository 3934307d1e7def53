import type { PolicyResource } from "@pulumi/policy";
import { isMissing, type Props } from "../known";
import type { Check } from "../rule";
import { composeContainers } from "./compose";
import type { Container } from "./container";
import { filesOf, onFiles } from "./files";
import { onTemplates, templatesOf, type Template } from "./templates";

export type { Container };

/** Every container of a stack. */
export function allContainers(resources: PolicyResource[]): Container[] {
  return [
    ...templatesOf(resources).flatMap(runContainers),
    ...filesOf(resources).flatMap((file) => {
      try {
        return composeContainers(file);
      } catch {
        // The checks of containers report what cannot be read.
        return [];
      }
    }),
  ];
}

/** The checks of a rule on containers, wherever a stack runs them. */
export function onContainers(check: (container: Container, settings: Props) => string[]): Check[] {
  return [
    ...onTemplates((template, settings) =>
      runContainers(template).flatMap((container) => check(container, settings)),
    ),
    ...onFiles((file, settings) =>
      composeContainers(file).flatMap((container) => check(container, settings)),
    ),
  ];
}

function runContainers({ workload, containers = [], volumes = [] }: Template): Container[] {
  // Volumes belong to the whole instance: their secrets are counted once, with the first container.
  const listed = containers.length > 0 || volumes.length === 0 ? containers : [{}];
  return listed.map((container: Props, index): Container => ({
    workload,
    name: container.name ?? workload,
    image: container.image,
    command: [...(container.commands ?? []), ...(container.args ?? [])].filter(isSet),
    env: ((container.envs ?? []) as Props[]).flatMap(({ name = "", value }) =>
      isSet(value) ? [{ name, value }] : [],
    ),
    secrets: [
      ...((container.envs ?? []) as Props[]).flatMap(({ name = "", valueSource }) => {
        const reference = valueSource?.secretKeyRef;
        return reference ? [{ as: name, secret: reference.secret ?? "", version: versionOf(reference) }] : [];
      }),
      ...(index > 0
        ? []
        : volumes.flatMap(({ name = "", secret }) =>
            secret === undefined
              ? []
              : ((secret.items ?? [{}]) as Props[]).map((item) => ({
                  as: name,
                  secret: secret.secret ?? "",
                  version: versionOf(item),
                })),
          )),
    ],
    limits: container.resources?.limits ?? {},
    privileged: [],
  }));
}

/** Cloud Run reads the latest version where none is named. */
function versionOf(reference: Props): string | undefined {
  return isMissing(reference, "version") ? "latest" : (reference.version as string | undefined);
}

function isSet<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}
