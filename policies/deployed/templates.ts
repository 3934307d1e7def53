import type { PolicyResource } from "@pulumi/policy";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import type { Props } from "../known";
import { allOf, ofType, type Check, type ResourceClass } from "../rule";

/** What a service, a job's task and a worker pool of Cloud Run have in common. */
export interface Template {
  /** Name of the service, job or pool, such as `tollgate-gateway`. */
  workload: string;
  containers?: Props[];
  volumes?: Props[];
  serviceAccount?: string;
  /** The inputs of the whole resource. */
  service: Props;
}

const RUN_CLASSES = [
  [Service, ({ template }: Props) => template],
  [WorkerPool, ({ template }: Props) => template],
  [Job, ({ template }: Props) => template?.template],
] as [ResourceClass<Service, object>, (props: Props) => Props | undefined][];

/** Every template of a stack. */
export function templatesOf(resources: PolicyResource[]): Template[] {
  return RUN_CLASSES.flatMap(([resourceClass, find]) =>
    allOf(resources, resourceClass).map(({ name, props }) => templateOf(name, props, find)),
  );
}

/** The checks of a rule on templates. */
export function onTemplates(check: (template: Template, settings: Props) => string[]): Check[] {
  return RUN_CLASSES.map(([resourceClass, find]) =>
    ofType(resourceClass, (props, { name }, settings) => check(templateOf(name, props, find), settings)),
  );
}

function templateOf(name: string, props: Props, find: (props: Props) => Props | undefined): Template {
  return { ...find(props), workload: String(props.name ?? name), service: props };
}
