import {
  budgetEnforcer,
  catalogue,
  isOwnImage,
  OWN_IMAGES,
  type ConfigFolder,
  type OwnImageName,
  type ServiceName,
} from "../../catalogue";
import { namesOfRunner } from "../../infra/gcp/instances";
import type { CloudRun } from "./cloud-run";

/** The folder of what enforces the budgets: its content is promoted with the images. */
export const [ENFORCED_FOLDER] = Object.values(budgetEnforcer.configFiles ?? {}) as [ConfigFolder];

/** What an environment runs and has shown to be healthy. */
export interface Proven {
  images: Record<OwnImageName, string>;
  /** Hash of the configuration that enforces the budgets: budgets, prices, routes. */
  configuration: string;
  /** The revision that proves each service. */
  revisions: Record<string, string>;
}

/** Why an environment cannot be promoted; a line a finding, with its remedy. */
export class NotHealthyError extends Error {
  constructor(environment: string, findings: string[]) {
    super(
      `${environment} is not healthy, so nothing of it is promoted:\n${findings.map((line) => `  ${line}`).join("\n")}`,
    );
    this.name = "NotHealthyError";
  }
}

/** The services that run own images: a promotion is about these. */
export function ownServices(): { name: ServiceName; image: OwnImageName }[] {
  return catalogue.flatMap(({ name, image, targets }) =>
    isOwnImage(image) && !targets?.gcp ? [{ name, image }] : [],
  );
}

/**
 * Reads what an environment serves: for each own image the digest that is ready and takes all traffic, and the gateway's
 * configuration.
 *
 * @throws NotHealthyError with every finding.
 */
export async function readProven(environment: string, run: CloudRun): Promise<Proven> {
  const running = await run.services();
  const findings: string[] = [];
  const images = new Map<OwnImageName, string>();
  const revisions: Record<string, string> = {};
  let configuration: string | undefined;

  for (const { name, image } of ownServices()) {
    // By itself, or in what it shares.
    const runner = namesOfRunner(name).find((each) => running.has(each));
    const service = runner && running.get(runner);
    if (!service) {
      findings.push(`${name} does not run: \`pulumi up -s ${environment}\``);
      continue;
    }
    const { ready, reason, latestCreated, latestReady, traffic } = service;
    if (!ready || latestCreated !== latestReady) {
      findings.push(
        `${name} is not ready (${reason ?? `${latestCreated} has not become ready`}): see its logs`,
      );
      continue;
    }
    if (traffic[latestReady] !== 100) {
      findings.push(
        `${name} serves ${latestReady} only ${traffic[latestReady] ?? 0} % of its traffic: finish its rollout`,
      );
      continue;
    }
    const revision = await run.revision(runner, latestReady);
    if (!revision.ready) {
      findings.push(
        `${name}'s revision ${latestReady} is not ready (${revision.reason ?? "no reason given"}): see its logs`,
      );
      continue;
    }
    revisions[name] = latestReady;
    const digest = revision.digests[image];
    if (!digest)
      findings.push(
        `${name}'s revision ${latestReady} runs ${image} not by digest: deploy it with this program`,
      );
    else if (images.has(image) && images.get(image) !== digest) {
      findings.push(
        `${name} runs another digest of ${image} than the services before it: \`pulumi up -s ${environment}\``,
      );
    } else images.set(image, digest);
    if (name === budgetEnforcer.name) configuration = revision.configuration[ENFORCED_FOLDER];
  }
  if (!configuration && revisions[budgetEnforcer.name]) {
    findings.push(`${budgetEnforcer.name} mounts no configuration folder: deploy it with this program`);
  }
  if (findings.length > 0 || !configuration) throw new NotHealthyError(environment, findings);
  return {
    images: Object.fromEntries(OWN_IMAGES.map((image) => [image, images.get(image)!])) as Proven["images"],
    configuration,
    revisions,
  };
}
