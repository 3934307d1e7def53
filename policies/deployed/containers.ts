import type { PolicyResource } from "@pulumi/policy";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import type { Known, Props } from "../known";
import { allOf, ofType, type Check, type ResourceClass } from "../rule";
import { composeContainers } from "./compose";
import type { Container } from "./container";
import { filesOf, onFiles } from "./files";

export type { Container };

type ServiceProps = Known<ConstructorParameters<typeof Service>[1]>;
type Template = NonNullable<ServiceProps["template"]>;

/** A service, a job's task and a worker pool share the shape of what this file reads. */
const RUN_CLASSES = [
  [Service, ({ template }: Props) => template],
  [WorkerPool, ({ template }: Props) => template],
  [Job, ({ template }: Props) => template?.template],
] as [ResourceClass<Service, object>, (props: Props) => Template | undefined][];

/** Every container of a stack. */
export function allContainers(resources: PolicyResource[]): Container[] {
  return [
    ...RUN_CLASSES.flatMap(([resourceClass, templateOf]) =>
      allOf(resources, resourceClass).flatMap(({ name, props }) =>
        runContainers(name, props, templateOf(props)),
      ),
    ),
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
    ...RUN_CLASSES.map(([resourceClass, templateOf]) =>
      ofType(resourceClass, (props, { name }, settings) =>
        runContainers(name, props, templateOf(props)).flatMap((container) => check(container, settings)),
      ),
    ),
    ...onFiles((file, settings) =>
      composeContainers(file).flatMap((container) => check(container, settings)),
    ),
  ];
}

function runContainers(resource: string, props: Props, template: Template | undefined): Container[] {
  const workload = String(props.name ?? resource);
  const { containers = [], volumes = [] } = template ?? {};
  // Volumes belong to the whole instance: their secrets are counted once, with the first container.
  const listed = containers.length > 0 || volumes.length === 0 ? containers : [{}];
  return listed.map((container, index) => ({
    workload,
    name: container.name ?? workload,
    image: container.image,
    command: [...(container.commands ?? []), ...(container.args ?? [])].filter(isSet),
    env: (container.envs ?? []).flatMap(({ name = "", value }) => (isSet(value) ? [{ name, value }] : [])),
    secrets: [
      ...(container.envs ?? []).flatMap(({ name = "", valueSource }) => {
        const reference = valueSource?.secretKeyRef;
        return reference ? [{ as: name, secret: reference.secret ?? "", version: reference.version }] : [];
      }),
      ...(index > 0
        ? []
        : volumes.flatMap(({ name = "", secret }) =>
            secret === undefined
              ? []
              : (secret.items ?? [{}]).map(({ version }) => ({
                  as: name,
                  secret: secret.secret ?? "",
                  version,
                })),
          )),
    ],
    limits: container.resources?.limits ?? {},
    privileged: [],
  }));
}

function isSet<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}
