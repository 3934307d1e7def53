import { z } from "zod";
import { catalogue, OWN_IMAGES } from "../catalogue";
import { SHARED_INSTANCES, sizesSchema } from "./gcp/sizes";
import { REGIONS } from "./regions";

/** How a stack is sized and protected; there may be any number of stacks of each class. */
export const CLASSES = ["dev", "prod"] as const;
export type StackClass = (typeof CLASSES)[number];

/** The phase from which alerts are mailed, and the stack is watched from outside. */
export const ALERTS_FROM = 4;

/** Where the stack runs: each service by itself on Cloud Run, or all in containers on one machine. */
export const DEPLOYMENTS = ["cloud-run", "gce-vm"] as const;

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "must be a digest: write sha256: and 64 hexadecimal digits");
const DOMAIN = "[a-z0-9-]+(\\.[a-z0-9-]+)+";
const member = z
  .string()
  .regex(
    new RegExp(`^((user|group|serviceAccount):[^@\\s]+@${DOMAIN}|domain:${DOMAIN})$`, "i"),
    "must be an IAM member, such as group:platform@example.com",
  );
/** IAM members, each once: a binding is made for each. */
function members(purpose: string) {
  return z
    .array(member)
    .nonempty(`must not be empty: list who may ${purpose}`)
    .refine((list) => new Set(list).size === list.length, "must name each member once");
}
/** `pulumi config set --path` makes a number of what looks like one. */
const dollars = z.preprocess(
  (value) => (typeof value === "number" ? String(value) : value),
  z
    .string()
    .regex(/^\d{1,7}(\.\d{1,9})?$/, 'must be a dollar amount: write digits, such as "18.50"')
    .refine((amount) => Number(amount) !== 0, "must be above 0"),
);
const ceiling = z.number().min(1).max(1_000_000).multipleOf(0.01, "must be dollars and cents, such as 230");
/** Cloud Scheduler takes names as the tz database writes them. */
function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return name === timeZone || (/^[A-Z]/.test(name) && name.toLowerCase() !== timeZone.toLowerCase());
  } catch {
    return false;
  }
}
/** An `https:` address; customers' keys and tokens go there. */
function webAddress(example: string, { path }: { path: boolean }) {
  const without = path ? "without query, fragment or password" : "without path, query or password";
  return z
    .url({ protocol: /^https$/, error: `must be an https address, such as ${example}`, abort: true })
    .refine((text) => {
      const { origin, pathname } = new URL(text);
      return text.toLowerCase() === origin || (path && text === origin + pathname);
    }, `must be an address ${without}, such as ${example}`);
}
const IMAGE_LOCATIONS = ["us", "europe", "asia", ...REGIONS].join("|");
function isHostAndPort(text: string): boolean {
  const [, port] = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:(\d+)$/i.exec(text)?.slice(1) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}
const address = z.email("must be an e-mail address");

/** `Pulumi.<stack>.yaml`, without the secrets. A key's name here is its name there, after `tollgate:`. */
export const schema = z.strictObject({
  /** The environment's name: a label of every resource, and a tag of every request. */
  environment: z
    .string()
    .regex(
      /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/,
      "must be a name: a lower case letter, then letters, digits and dashes, 30 at most",
    ),
  /** Sizes and protection. The environments `dev` and `prod` are of the class of that name. */
  class: z.enum(CLASSES).optional(),
  project: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, "must be a project id: `gcloud projects list` shows the ids"),
  projectNumber: z
    .string()
    .regex(
      /^\d{6,}$/,
      "must be a project number: `gcloud projects describe PROJECT --format='value(projectNumber)'`",
    ),
  region: z.enum(REGIONS, {
    error: () => `must be a region of Cloud Run: use one of ${REGIONS.join(", ")}`,
  }),
  phase: z.int().min(1).max(5),
  deployment: z.enum(DEPLOYMENTS).default("cloud-run"),
  /** Infrastructure traces in Tempo: part of phase 5, and off unless asked for. */
  tempo: z.boolean().default(false),
  owner: z.string().regex(/^[a-z0-9_-]{1,63}$/, "must be a label: lower case letters, digits, - and _ only"),
  operators: members("open Grafana and Langfuse"),
  /** Who may run commands in the stack's jobs, such as adding a customer. Default: the operators. */
  admins: members("run commands in the stack")
    .refine(
      (list) => !list.some((each) => each.startsWith("domain:")),
      "must name people, not a whole domain",
    )
    .optional(),
  /** Digests of own images, as a promotion writes them. */
  images: z.partialRecord(z.enum(OWN_IMAGES), digest).default({}),
  /** Hash of the definitions that these digests were proven with, as a promotion writes it. */
  definitionsHash: z.string().min(1, "must be a hash: `npm run promote` writes it").optional(),
  /** While a promotion moves the traffic: the revisions that keep it all, by service. */
  serving: z
    .partialRecord(
      z.enum([...catalogue.map(({ name }) => name), ...SHARED_INSTANCES]),
      z.string().regex(/^tollgate-[a-z0-9-]+$/, "must be a revision: `npm run promote` writes it"),
    )
    .default({}),
  /** The registry of own images, which CI pushes to: one for all environments, so that prod pulls what dev has proven. */
  imageRegistry: z
    .string()
    .regex(
      new RegExp(`^(${IMAGE_LOCATIONS})-docker\\.pkg\\.dev/[a-z0-9-]+/[a-z0-9-]+$`),
      "must be a repository of Artifact Registry, such as europe-west1-docker.pkg.dev/tollgate-admin/tollgate",
    ),
  /** Sizes of this stack alone, in place of its class's. */
  sizes: sizesSchema.partial().default({}),
  /** The agent's address as customers know it, such as that of a load balancer in front. Default: Cloud Run's own. */
  publicUrl: webAddress("https://agent.example.com", { path: false }).optional(),
  /** The OAuth authorization server whose access tokens the agent accepts in addition to customers' keys. Default: keys only. */
  oauthIssuer: webAddress("https://login.example.com", { path: true }).optional(),
  /** Whether traces in Langfuse have the texts of questions, prompts, answers and tools. Default: all of them. */
  traceTexts: z.enum(["all", "none"]).optional(),
  /** The snapshot that ClickHouse's disk was made from, or is to be made anew from: it stays in the file afterwards. */
  clickhouseSnapshot: z
    .string()
    .regex(
      /^projects\/[a-z0-9-]+\/global\/snapshots\/[a-z0-9-]+$/,
      "must be a snapshot, such as projects/PROJECT/global/snapshots/NAME",
    )
    .optional(),
  /** The OAuth client by which people sign in to Langfuse with their Google accounts. Default: by a shared password. */
  signIn: z
    .strictObject({
      clientId: z
        .string()
        .regex(
          /^\d+-\w+\.apps\.googleusercontent\.com$/,
          "must be the id of an OAuth client, such as 1234-abcd.apps.googleusercontent.com",
        ),
      /** Google Workspace domains whose people may sign in. */
      domains: z
        .array(z.string().regex(new RegExp(`^${DOMAIN}$`), "must be a domain, such as example.com"))
        .nonempty("must not be empty: list whose people may sign in"),
      /** Who owns Langfuse's organisation, and gives others their roles there. */
      owner: address,
    })
    .refine(({ domains, owner }) => domains.some((domain) => owner.toLowerCase().endsWith(`@${domain}`)), {
      path: ["owner"],
      error: "must be of one of the domains, or nobody could give roles",
    })
    .optional(),
  /** Overrides of the definitions for this stack alone. */
  tiers: z
    .record(z.string(), z.strictObject({ price: dollars.optional(), monthlyBudget: dollars.optional() }))
    .default({}),
  alertEmail: z
    .strictObject({
      to: address,
      from: address,
      smarthost: z
        .string()
        .refine(isHostAndPort, "must be a host and its port, such as smtp.example.com:587"),
      username: z.string().min(1, "must name the mail account"),
    })
    .optional(),
  /** The billing account whose admins Google warns when the project's bill nears `monthlyCostCeiling`. */
  billingAccount: z
    .string()
    .regex(
      /^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/,
      "must be a billing account: `gcloud billing accounts list` shows the ids",
    )
    .optional(),
  /** Hours, Monday to Friday, outside which what is always on sleeps. Default: none. Not in prod. */
  officeHours: z
    .strictObject({
      from: z.int().min(0).max(23),
      to: z.int().min(1).max(24),
      timeZone: z.string().refine(isTimeZone, "must be a time zone, such as Europe/Brussels"),
    })
    .refine(({ from, to }) => from < to, { path: ["to"], error: "must be after `from`" })
    .optional(),
  /** Dollars a month that the infrastructure may cost, by the estimate: a policy refuses more. */
  monthlyCostCeiling: ceiling,
  /** The same with every service at its maximum of instances all month. */
  monthlyWorstCaseCeiling: ceiling,
});
