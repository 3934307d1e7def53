import { z } from "zod";
import { drillStep } from "./drill";
import { askJson, missing, ok, type Ask, type Finding, type Step, type Subject } from "./check";

type Found = Omit<Finding, "step">;

const PULUMI = "3.248";

/** APIs that the program needs before it can enable the rest. */
const FIRST_APIS = [
  "cloudresourcemanager.googleapis.com",
  "iam.googleapis.com",
  "serviceusage.googleapis.com",
];

/** Organisation policies that refuse what the program makes, and which part of it. */
const REFUSING: Record<string, string> = {
  "run.managed.requireInvokerIam": "the public agent (it checks its callers' keys itself)",
  "run.allowedIngress": "the public agent",
  "iam.disableServiceAccountCreation": "an account for each workload",
  "compute.restrictVpcPeering": "the private connection to Cloud SQL and Memorystore",
  "gcp.restrictServiceUsage": "the APIs of the stack",
};

async function json<T>(ask: Ask, schema: z.ZodType<T>, ...args: string[]): Promise<T> {
  return askJson(ask, schema, "gcloud", ...args, "--format=json");
}

const PROJECT = z.object({
  projectNumber: z.string(),
  lifecycleState: z.string(),
  parent: z.object({ type: z.string(), id: z.string() }).optional(),
});
const POLICY = z.object({
  bindings: z.array(z.object({ role: z.string(), members: z.array(z.string()).default([]) })).default([]),
});
const VALUES = z.array(z.string()).default([]);
const RULE = z.object({
  enforce: z.boolean().optional(),
  denyAll: z.boolean().optional(),
  values: z.object({ allowedValues: VALUES, deniedValues: VALUES }).optional(),
});
const ORG_POLICY = z.object({ spec: z.object({ rules: z.array(RULE).default([]) }).optional() });

/** What does not exist is answered with 403 too, so that other projects' names do not leak. */
function isAbsent(error: unknown): boolean {
  return /NOT_FOUND|not found|does not exist|PERMISSION_DENIED|does not have permission|\b(403|404)\b(?![-\w])/i.test(
    (error as Error).message,
  );
}

async function present(look: () => Promise<Found>, absent: Found): Promise<Found> {
  try {
    return await look();
  } catch (error) {
    if (isAbsent(error)) return absent;
    throw error;
  }
}

/** Where own images are, as the registry's address says. */
function registryOf({ imageRegistry }: Subject) {
  const [host = "", project = "", repository = ""] = imageRegistry.split("/");
  return { location: host.replace(/-docker\.pkg\.dev$/, ""), project, repository };
}

/** The account as which Cloud Run pulls the images of a project. */
export function pullerOf({ projectNumber }: Pick<Subject, "projectNumber">): string {
  return `serviceAccount:service-${projectNumber}@serverless-robot-prod.iam.gserviceaccount.com`;
}

/** The steps of docs/bootstrap.md, in its order. */
export const steps: readonly Step[] = [
  {
    name: "settings",
    check: ({ stack, missing: absent, examples }) => {
      const found = [
        ...examples.map((line) => missing(line, `edit Pulumi.${stack}.yaml`)),
        ...absent.map((line) => missing(line.split(": ")[0]!, line.split(": ").slice(1).join(": "))),
      ];
      return Promise.resolve(found.length > 0 ? found : [ok(`Pulumi.${stack}.yaml is complete`)]);
    },
  },
  {
    name: "sign-in",
    check: ({ stack, sharesPassword }) =>
      Promise.resolve(
        sharesPassword
          ? missing(
              "people share a password of Langfuse's",
              `make an OAuth client and set tollgate:signIn and tollgate:googleClientSecret -s ${stack} (docs/sign-in.md)`,
            )
          : ok("nobody shares a password in prod"),
      ),
  },
  {
    name: "pulumi",
    check: async (_subject, ask) => {
      const version = (await ask("pulumi", "version")).trim().replace(/^v/, "");
      return version.startsWith(`${PULUMI}.`)
        ? ok(`pulumi ${version}`)
        : missing(`pulumi ${version}`, `curl -fsSL https://get.pulumi.com | sh -s -- --version ${PULUMI}.0`);
    },
  },
  {
    name: "signed in",
    check: async (_subject, ask) => {
      const accounts = await json(
        ask,
        z.array(z.object({ account: z.string(), status: z.string() })),
        "auth",
        "list",
      );
      const active = accounts.find(({ status }) => status === "ACTIVE");
      if (!active) return missing("no account is signed in", "gcloud auth login --update-adc");
      return present(
        async () => {
          await ask("gcloud", "auth", "application-default", "print-access-token");
          return ok(active.account);
        },
        missing("Pulumi has no credentials", "gcloud auth application-default login"),
      );
    },
  },
  {
    name: "project",
    check: ({ project, projectNumber, stack }, ask) =>
      present(
        async () => {
          const found = await json(ask, PROJECT, "projects", "describe", project);
          if (found.lifecycleState !== "ACTIVE")
            return missing(`${project} is ${found.lifecycleState}`, `gcloud projects undelete ${project}`);
          return found.projectNumber === projectNumber
            ? ok(`${project} (${projectNumber})`)
            : missing(
                `${project} has the number ${found.projectNumber}, the settings say ${projectNumber}`,
                `pulumi config set --stack ${stack} tollgate:projectNumber ${found.projectNumber}`,
              );
        },
        missing(
          `${project} does not exist, or is not yours (ids are unique in the world)`,
          `gcloud projects create ${project} --organization=ORGANISATION`,
        ),
      ),
  },
  {
    name: "organisation",
    check: async ({ project }, ask) => {
      const { parent } = await json(ask, PROJECT, "projects", "describe", project);
      return parent
        ? ok(`${parent.type} ${parent.id}`)
        : missing(
            "the project is in no organisation: Identity-Aware Proxy admits no user without a consent screen of your own",
            "https://cloud.google.com/iap/docs/custom-oauth-configuration",
          );
    },
  },
  {
    name: "billing",
    check: async ({ project }, ask) => {
      const { billingEnabled } = await json(
        ask,
        z.object({ billingEnabled: z.boolean().optional() }),
        "billing",
        "projects",
        "describe",
        project,
      );
      return billingEnabled
        ? ok("linked")
        : missing("no billing account", `gcloud billing projects link ${project} --billing-account=ACCOUNT`);
    },
  },
  {
    name: "first APIs",
    check: async ({ project }, ask) => {
      const enabled = await json(
        ask,
        z.array(z.object({ config: z.object({ name: z.string() }) })),
        ...["services", "list", "--enabled", `--project=${project}`],
      );
      const absent = FIRST_APIS.filter((api) => !enabled.some(({ config }) => config.name === api));
      return absent.length === 0
        ? ok(FIRST_APIS.join(", "))
        : missing(
            `${absent.join(", ")} not enabled`,
            `gcloud services enable --project=${project} ${absent.join(" ")}`,
          );
    },
  },
  {
    name: "organisation policies",
    check: async ({ project }, ask) => {
      const found: Found[] = [];
      for (const [constraint, part] of Object.entries(REFUSING)) {
        const enforced = await refuses(constraint, project, ask);
        if (enforced)
          found.push(
            missing(
              `${constraint} refuses ${part}`,
              `gcloud org-policies reset ${constraint} --project=${project}   # or an exception by whoever set it`,
            ),
          );
      }
      return found.length > 0 ? found : [ok("none refuses what the stack makes")];
    },
  },
  {
    name: "image registry",
    check: (subject, ask) => {
      const { location, project, repository } = registryOf(subject);
      const place = [repository, `--location=${location}`, `--project=${project}`];
      const make = `gcloud artifacts repositories create ${place.join(" ")} --repository-format=docker`;
      return present(
        async () => {
          const { bindings } = await json(
            ask,
            POLICY,
            ...["artifacts", "repositories", "get-iam-policy", ...place],
          );
          const puller = pullerOf(subject);
          const reads = bindings.some(
            ({ role, members }) =>
              /artifactregistry\.(reader|writer|repoAdmin|admin)$/.test(role) && members.includes(puller),
          );
          return reads
            ? ok(`${subject.imageRegistry}, read by this project's Cloud Run`)
            : missing(
                `this project's Cloud Run may not pull from ${subject.imageRegistry}`,
                `gcloud artifacts repositories add-iam-policy-binding ${place.join(" ")} --role=roles/artifactregistry.reader --member=${puller}`,
              );
        },
        missing(`${subject.imageRegistry} does not exist`, make),
      );
    },
  },
  {
    name: "stack",
    check: async ({ stack }, ask) => {
      const stacks = await askJson(
        ask,
        z.array(z.object({ name: z.string() })),
        "pulumi",
        "stack",
        "ls",
        "--json",
      );
      return stacks.some(({ name }) => name.split("/").at(-1) === stack)
        ? ok(`${stack} is in the state's backend`)
        : missing(
            `${stack} is not in the state's backend`,
            `pulumi stack init ${stack} --secrets-provider=gcpkms://projects/ADMIN/locations/REGION/keyRings/pulumi/cryptoKeys/${stack}`,
          );
    },
  },
  drillStep,
];

/** Whether a constraint is in force on a project. */
async function refuses(constraint: string, project: string, ask: Ask): Promise<boolean> {
  try {
    const { spec } = await json(
      ask,
      ORG_POLICY,
      ...["org-policies", "describe", constraint, "--effective", `--project=${project}`],
    );
    return (spec?.rules ?? []).some(
      ({ enforce, denyAll, values }) =>
        enforce === true ||
        denyAll === true ||
        [...(values?.allowedValues ?? []), ...(values?.deniedValues ?? [])].length > 0,
    );
  } catch (error) {
    // No policy of that name is set anywhere above.
    if (/NOT_FOUND|not found/i.test((error as Error).message)) return false;
    throw error;
  }
}
