import type { Service } from "../../catalogue";

/** A container that a stack runs, on Cloud Run or by Compose on a machine: what is known of it. */
export interface Container {
  /** Name of the service or job, such as `tollgate-gateway`; Compose's service, such as `gateway`. */
  workload: string;
  name: string;
  image?: string;
  /** The command and its arguments. */
  command: string[];
  /** Plain values. */
  env: { name: string; value: string }[];
  /** Secrets, by the variable or the file that they are read as. */
  secrets: { as: string; secret: string; version?: string }[];
  limits: { cpu?: string; memory?: string };
  /** Options by which it leaves its confinement. */
  privileged: string[];
}

/** Whether a name is that of a service on Cloud Run, or in a Compose file. */
export function isService(name: string, service: Service): boolean {
  return name === service.name || name === `tollgate-${service.name}`;
}
