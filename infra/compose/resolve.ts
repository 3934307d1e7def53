import {
  catalogue,
  portOf,
  service,
  type CloudSetting,
  type Phase,
  type Ref,
  type ServiceName,
  type Setting,
} from "../../catalogue";

/** Where operators set what the catalogue leaves to the target, with its default: variables of `.env`. */
const SETTINGS: Record<Exclude<Setting, CloudSetting>, string> = {
  environment: "${TOLLGATE_ENVIRONMENT:-dev}",
  project: "${GOOGLE_CLOUD_PROJECT:-}",
  region: "${GOOGLE_CLOUD_REGION:-}",
  domain: "${TOLLGATE_HOST:-localhost}",
  bindAddress: "0.0.0.0",
  publicUrl: "${TOLLGATE_PUBLIC_URL:-}",
  oauthIssuer: "${TOLLGATE_OAUTH_ISSUER:-}",
  traceTexts: "${TOLLGATE_TRACE_TEXTS:-}",
  // A machine without customers' projects shows the sample.
  dataSource: "${TOLLGATE_DATA_SOURCE:-gcp}",
};

/** A value of the catalogue on Compose's network, where each service has its own name. */
export function resolve(ref: Ref): string {
  if ("url" in ref) {
    const { scheme = "http", url, path = "", extra } = ref;
    const address = `${scheme}://${url}:${portOf(url, extra)}${path}`;
    // What asks is there in earlier phases too.
    return service(url).enabledBy ? `\${${presenceVariable(url)}:+${address}}` : address;
  }
  if ("host" in ref) return ref.host;
  if ("port" in ref) return String(portOf(ref.port, ref.extra));
  if ("listen" in ref) return `${SETTINGS.bindAddress}:${portOf(ref.listen)}`;
  if ("bucket" in ref) return ref.bucket;
  if ("path" in ref) return ref.path;
  if ("program" in ref) return `${ref.program}.js`;
  if ("iapAudience" in ref)
    throw new Error(`${ref.iapAudience} is behind no Identity-Aware Proxy in Compose`);
  if ("setting" in ref) {
    if (ref.setting in SETTINGS) return SETTINGS[ref.setting as keyof typeof SETTINGS];
    throw new Error(`setting "${ref.setting}" is of Google Cloud: there is none in Compose`);
  }
  // What is published on every address is opened under the machine's name, the rest through a tunnel to its loopback.
  const host = service(ref.publicUrl).published === "everywhere" ? SETTINGS.domain : "localhost";
  return `http://${host}:${portOf(ref.publicUrl)}`;
}

/** The variable of `.env` that is set where the phase runs an optional service. */
export function presenceVariable(name: ServiceName): string {
  return `TOLLGATE_WITH_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** `presenceVariable` of each optional service: `1` where a phase runs it, else empty. */
export function presence(phase: Phase): Record<string, string> {
  const optional = catalogue.filter(({ enabledBy }) => enabledBy);
  return Object.fromEntries(
    optional.map((each) => [presenceVariable(each.name), each.phase <= phase ? "1" : ""]),
  );
}

/** Text that Compose must not read as a variable. */
export function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
