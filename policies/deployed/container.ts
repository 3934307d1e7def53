/** A container that a stack runs, on Cloud Run or by Compose on a machine: what is known of it. */
export interface Container {
  /** Name of the service or job, as `tollgate-gateway`; Compose's service, as `gateway`. */
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
