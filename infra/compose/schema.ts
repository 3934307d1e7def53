/** The part of the Compose specification that is used here; the tests check what is rendered against the whole of it. */
export interface ComposeFile {
  name: string;
  services: Record<string, ComposeService>;
  volumes: Record<string, object>;
  secrets: Record<string, { file: string }>;
}

export type Condition = "service_healthy" | "service_started" | "service_completed_successfully";

export interface ComposeService {
  image: string;
  build?: { context: string; dockerfile: string };
  profiles?: string[];
  restart?: "unless-stopped" | "on-failure" | "no";
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string>;
  secrets?: { source: string; target: string }[];
  volumes?: Mount[];
  ports?: string[];
  healthcheck?: {
    test: string[];
    interval: string;
    timeout: string;
    retries: number;
    start_period: string;
  };
  depends_on?: Record<string, { condition: Condition; required?: boolean }>;
  deploy?: { resources: { limits: { cpus: string; memory: string } } };
  logging?: { driver: string; options: Record<string, string> };
  security_opt?: string[];
  cap_drop?: string[];
  read_only?: boolean;
  tmpfs?: string[];
  labels?: Record<string, string>;
}

export type Mount =
  | { type: "volume"; source: string; target: string }
  | { type: "bind"; source: string; target: string; read_only: true; bind: { create_host_path: false } };
