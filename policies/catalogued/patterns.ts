import {
  LANGFUSE_USER,
  portOf,
  publicImageReference,
  isOwnImage,
  service,
  type ImageName,
  type Ref,
  type Service,
  type Setting,
} from "../../catalogue";
import type { Resolver } from "../../catalogue/target";
import type { StackConfig } from "../../infra/config";
import { PRIVATE_ZONE, routeOf } from "../../infra/gcp/addresses";
import { namesOfRunner } from "../../infra/gcp/instances";
import { grafanaRoles, sharingServices } from "../../infra/gcp/resolve";
import { stackList, stackSetting, stackUnits } from "../stack-settings";

/** The source of a regular expression for a whole text. */
export type Pattern = string;

const DIGEST = "@sha256:[0-9a-f]{64}";
/** https://datatracker.ietf.org/doc/html/rfc1918 */
const PRIVATE_ADDRESS = "(10\\.|192\\.168\\.|172\\.(1[6-9]|2\\d|3[01])\\.)[\\d.]+";

/** Whether a text is what a pattern says; a text that only the update can know is. */
export function matches(pattern: Pattern, text: string | undefined): boolean {
  return text === undefined || new RegExp(`^(?:${pattern})$`, "s").test(text);
}

/** The pattern of a literal text. */
export function exactly(text: string): Pattern {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The pattern of a setting of the stack: its value, or what such a value looks like where the stack is not known. */
export function ofSetting(key: string, otherwise: Pattern): Pattern {
  const value = stackSetting(key);
  return value === undefined ? otherwise : exactly(value);
}

export const project = (): Pattern => ofSetting("gcp:project", "[a-z][a-z0-9-]+");
const region = (): Pattern => ofSetting("gcp:region", "[a-z]+-[a-z]+\\d");

/** A bucket of the stack, by the catalogue's name. */
export function bucketNamed(name: string): Pattern {
  return `${project()}-${exactly(name)}`;
}

/** A secret of the stack, by its name or by its whole name. */
export function secretNamed(name: string): Pattern {
  const number = ofSetting("tollgate:projectNumber", "\\d+");
  return `(projects/(${project()}|${number})/secrets/)?${exactly(name)}`;
}

/** An image by digest: of the stack's own registries on Google Cloud. */
export function imageNamed(name: ImageName): Pattern {
  if (isOwnImage(name)) {
    const registry = ofSetting(
      "tollgate:imageRegistry",
      "[a-z0-9-]+-docker\\.pkg\\.dev/[a-z0-9-]+/[a-z0-9-]+",
    );
    const digest = deployedDigests()[name];
    return `${registry}/${name}${digest ? exactly(`@${digest}`) : DIGEST}`;
  }
  return `${region()}-docker\\.pkg\\.dev/${project()}/docker-hub/${exactly(repositoryOf(name))}${DIGEST}`;
}

/** The digests that CI or a promotion wrote into the stack's settings. */
function deployedDigests(): Partial<Record<string, string>> {
  return JSON.parse(stackSetting("tollgate:images") ?? "{}") as Partial<Record<string, string>>;
}

/** Where Docker Hub has a public image. */
export function repositoryOf(name: Exclude<ImageName, "agent" | "gateway">): string {
  return publicImageReference(name).split(":")[0]!;
}

/** Ports that Google chooses. */
const PORT_OF_GOOGLE: Partial<Record<NonNullable<Service["managed"]>, Pattern>> = { redis: "\\d{2,5}" };

/** How values of the catalogue look on Google Cloud, whatever the stack. */
export const patterns: Resolver<Pattern> = {
  name: "gcp",
  has: () => true,
  resolve,
  literal: exactly,
  join: (parts) => parts.join(""),
};

/** The same with what this stack has only; where the stack is not known, what every stack has at every phase. */
export function ofStack(): Resolver<Pattern> {
  const units = stackUnits();
  if (!units) return { ...patterns, has: () => false, lacks: () => true };
  const lacks = (setting: Setting) => {
    const key = SETTING[setting];
    return key !== undefined && stackSetting(key) === undefined;
  };
  return { ...patterns, has: units.has, lacks };
}

/** The settings that a stack may leave out, by the catalogue's names. */
const SETTING: Partial<Record<Setting, string>> = {
  publicUrl: "tollgate:publicUrl",
  oauthIssuer: "tollgate:oauthIssuer",
  traceTexts: "tollgate:traceTexts",
  googleClientId: "tollgate:signIn",
  googleDomains: "tollgate:signIn",
};

function resolve(ref: Ref): Pattern {
  if ("url" in ref) return `${address(ref)}${exactly(ref.path ?? "")}`;
  if ("publicUrl" in ref)
    return `https://${hostOfRun(service(ref.publicUrl).operatorTwin?.name ?? ref.publicUrl)}`;
  if ("iapAudience" in ref) {
    const own = service(ref.iapAudience).operatorTwin?.name ?? ref.iapAudience;
    const number = ofSetting("tollgate:projectNumber", "\\d+");
    return `/projects/${number}/locations/${region()}/services/tollgate-${exactly(own)}`;
  }
  if ("bucket" in ref) return bucketNamed(ref.bucket);
  if ("host" in ref)
    return service(ref.host).managed
      ? `${PRIVATE_ADDRESS}|${exactly(`${ref.host}.${PRIVATE_ZONE}`)}`
      : ["localhost", ...namesOfRunner(ref.host).map(hostOfRun)].join("|");
  if ("port" in ref)
    return PORT_OF_GOOGLE[service(ref.port).managed ?? "machine"] ?? String(portOf(ref.port, ref.extra));
  if ("listen" in ref) return exactly(`0.0.0.0:${portOf(ref.listen)}`);
  if ("path" in ref) return exactly(ref.path);
  if ("program" in ref) return exactly(`${ref.program}.js`);
  switch (ref.setting) {
    case "environment":
      return ofSetting("tollgate:environment", "[a-z][a-z0-9-]*");
    case "project":
      return project();
    case "region":
      return region();
    case "domain":
      return hostOfRun("grafana");
    case "bindAddress":
      return exactly("0.0.0.0");
    case "dataSource":
      return "gcp";
    case "publicUrl":
    case "oauthIssuer":
      return ofSetting(`tollgate:${ref.setting}`, "https://[^\\s]+");
    case "traceTexts":
      return ofSetting("tollgate:traceTexts", "all|none");
    case "grafanaRoles": {
      const admins = stackList("tollgate:admins") ?? stackList("tollgate:operators");
      return admins
        ? exactly(grafanaRoles(admins))
        : "(contains\\(`\\[[^`]+\\]`, email\\) && 'Admin' \\|\\| )?'Editor'";
    }
    case "googleClientId":
      return ofSignIn(({ clientId }) => clientId, "\\d+-\\w+\\.apps\\.googleusercontent\\.com");
    case "googleDomains":
      return ofSignIn(({ domains }) => domains.join(","), "[\\w.-]+(,[\\w.-]+)*");
    case "langfuseOwner":
      return stackUnits() && !signsIn()
        ? exactly(LANGFUSE_USER)
        : ofSignIn(({ owner }) => owner, "[^@\\s]+@[\\w.-]+");
    case "withoutPasswords":
      return signsIn() ? "true" : "false";
    case "withoutSignUp":
      return signsIn() ? "false" : "true";
    case "logSubscription":
      return "(projects/[^/]+/subscriptions/)?tollgate-logs";
    case "sharingServices":
      return exactly(sharingServices());
  }
}

function address({ url: name, scheme = "http", extra }: Extract<Ref, { url: unknown }>): Pattern {
  if (service(name).managed === "machine")
    return exactly(`${scheme}://${name}.${PRIVATE_ZONE}:${portOf(name, extra)}`);
  const hosts = namesOfRunner(name).map((runner) =>
    runner === name ? hostOfRun(name) : `${hostOfRun(runner)}/${routeOf(name, extra)}`,
  );
  return `(https://(${hosts.join("|")})|${exactly(`http://localhost:${portOf(name, extra)}`)})`;
}

/** Whether people sign in to Langfuse with their own accounts. */
const signsIn = (): boolean => stackSetting("tollgate:signIn") !== undefined;

/** The pattern of what the stack says about people's own accounts, or of what it looks like where it says nothing. */
function ofSignIn(read: (signIn: SignIn) => string, otherwise: Pattern): Pattern {
  const text = stackSetting("tollgate:signIn");
  return text === undefined ? otherwise : exactly(read(JSON.parse(text) as SignIn));
}

type SignIn = NonNullable<StackConfig["signIn"]>;

function hostOfRun(name: string): Pattern {
  return `tollgate-${exactly(name)}-${ofSetting("tollgate:projectNumber", "\\d+")}\\.${region()}\\.run\\.app`;
}
