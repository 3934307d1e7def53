import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);
const hostList = z.string().transform((text) =>
  text
    .split(",")
    .map((host) => host.trim())
    .filter(Boolean),
);

const shape = z
  .object({
    PORT: port.default(8080),
    METRICS_PORT: port.default(9464),
    /** The address that both ports listen on. */
    HOST: z.string().min(1).default("0.0.0.0"),
    /**
     * Host names, without ports, that requests may be sent to and browsers may send from. Unset on a loopback address: its
     * own names. Unset elsewhere: any host, as the load balancer in front decides that, and no browser.
     */
    TOLLGATE_ALLOWED_HOSTS: hostList.optional(),
    /** The agent's address as customers know it, without a path; unset: what each request was sent to. */
    TOLLGATE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** The OAuth authorization server whose access tokens are accepted in addition to customers' keys; unset: keys only. */
    TOLLGATE_OAUTH_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
    TOLLGATE_GATEWAY_URL: z.url({ protocol: /^https?$/ }),
    TOLLGATE_AGENT_KEY: z.string().min(1),
    TOLLGATE_LEDGER_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    TOLLGATE_ENVIRONMENT: z.string().regex(/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/),
    TOLLGATE_DATA_SOURCE: z.enum(["sample", "gcp"]),
    /** The dataset in each customer's project that holds the billing export. */
    TOLLGATE_BILLING_DATASET: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,1024}$/)
      .default("billing_export"),
    LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
    /** Where Tempo takes OTLP over HTTP; unset: there is none. */
    TEMPO_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/$/, ""))
      .optional(),
    /** Whether Langfuse gets the texts of questions, answers and tools. */
    TOLLGATE_TRACE_TEXTS: z.enum(["all", "none"]).default("all"),
    LANGFUSE_HOST: z.url({ protocol: /^https?$/ }).optional(),
    LANGFUSE_PUBLIC_KEY: z.string().min(1).optional(),
    LANGFUSE_SECRET_KEY: z.string().min(1).optional(),
  })
  .superRefine((env, context) => {
    if (env.TOLLGATE_OAUTH_ISSUER !== undefined && env.TOLLGATE_PUBLIC_URL === undefined) {
      const message = "unset, but TOLLGATE_OAUTH_ISSUER is set: tokens must be made for this address";
      context.addIssue({ code: "custom", path: ["TOLLGATE_PUBLIC_URL"], message });
    }
    const names = ["LANGFUSE_HOST", "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"] as const;
    const missing = names.filter((name) => env[name] === undefined);
    if (missing.length > 0 && missing.length < names.length) {
      for (const name of missing) {
        context.addIssue({ code: "custom", path: [name], message: `unset, but other LANGFUSE_* are set` });
      }
    }
  });

const REMEDIES: Record<string, string> = {
  PORT: "must be a port number, such as 8080",
  METRICS_PORT: "must be a port number, such as 9464",
  HOST: "set the address to listen on, such as 0.0.0.0",
  TOLLGATE_ALLOWED_HOSTS: "set the host names that clients use, separated by commas",
  TOLLGATE_PUBLIC_URL: "set the address that customers use, such as https://agent.example.com",
  TOLLGATE_OAUTH_ISSUER: "set the authorization server's issuer, such as https://login.example.com",
  TOLLGATE_GATEWAY_URL: "set the gateway's address, such as http://gateway:4000",
  TOLLGATE_AGENT_KEY: "set the agent's key at the gateway",
  TOLLGATE_LEDGER_URL: "set the ledger's address, such as postgres://ledger_agent:...@postgres:5432/ledger",
  TOLLGATE_ENVIRONMENT: "set the stack's name, such as dev: lower case letters, digits and dashes",
  TOLLGATE_TRACE_TEXTS: "must be all or none",
  TOLLGATE_DATA_SOURCE: "must be sample or gcp",
  TOLLGATE_BILLING_DATASET: "must be a BigQuery dataset id: letters, digits and underscores",
  TEMPO_URL: "set the address where Tempo takes OTLP over HTTP, such as http://tempo:4318",
  LOG_LEVEL: "must be one of debug, info, warn, error",
  LANGFUSE_HOST: "set all of LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or none",
  LANGFUSE_PUBLIC_KEY: "set all of LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or none",
  LANGFUSE_SECRET_KEY: "set all of LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or none",
};

/** Values that may be a secret, or hold one: an error names them without showing them. */
const SECRET = /KEY|LEDGER_URL/;

/** The agent's settings, from its environment (docs/interfaces.md). */
export type Config = z.output<typeof shape>;

/** Settings that the agent must not start with: each line of the message is a variable, its value and the remedy. */
export class ConfigError extends Error {
  constructor(error: z.ZodError, environment: NodeJS.ProcessEnv) {
    const lines = error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      const value = environment[name];
      const shown = value === undefined ? "unset" : SECRET.test(name) ? "set" : JSON.stringify(value);
      return `  ${name} (${shown}): ${message}; ${REMEDIES[name] ?? "correct it"}`;
    });
    super(`The agent cannot start with these settings:\n${lines.join("\n")}`);
    this.name = "ConfigError";
  }
}

/**
 * Reads and checks the agent's settings. An empty variable counts as unset.
 *
 * @throws ConfigError with every finding: variable, value (never a secret one), remedy.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const result = shape.safeParse(set);
  if (!result.success) throw new ConfigError(result.error, environment);
  return result.data;
}
