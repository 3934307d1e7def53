import { isDeepStrictEqual } from "node:util";
import { composeFile } from "../../infra/compose";
import type { ComposeFile } from "../../infra/compose/schema";
import { composeText } from "../deployed/compose";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";

export const composeAsRendered: Rule = {
  name: "compose-as-rendered",
  description:
    "The Compose file is what the catalogue comes down to: each service's image, program, user, ports, mounts and secrets.",
  severity: "critical",
  remedy: "Change catalogue/ or infra/compose/ and run `npm run render`",
  checks: onFiles((file) => {
    const found = composeText(file);
    return found ? differences(found).map((what) => `${file.path}: ${what}`) : [];
  }),
};

let rendered: ComposeFile | undefined;

function differences({ services = {}, ...rest }: Props): string[] {
  rendered ??= composeFile();
  const { services: wanted, ...others } = rendered;
  return [
    ...compared("", rest, others),
    ...Object.keys({ ...wanted, ...services }).flatMap((name) => {
      const service = (services as Record<string, Props>)[name];
      if (!wanted[name]) return [`the catalogue has no service ${name}`];
      if (!service) return [`the service ${name} is missing`];
      return compared(`services.${name}.`, withoutVersion(service), withoutVersion({ ...wanted[name] }));
    }),
  ];
}

/** A pack of another release names other versions: the rule on digests holds what is pulled. */
function withoutVersion(service: Props): Props {
  const image: unknown = service.image;
  if (typeof image !== "string" || image.includes("$")) return service;
  return { ...service, image: image.replace(/(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/, "") };
}

function compared(place: string, found: Props, wanted: Props): string[] {
  return Object.keys({ ...wanted, ...found })
    .filter((key) => !isDeepStrictEqual(found[key], wanted[key]))
    .map((key) => `${place}${key} is ${shown(found[key])}, and rendered ${shown(wanted[key])}`);
}

/** A value for a finding. What replaces a rendered value may be a secret, so only names and places are shown. */
function shown(value: unknown): string {
  if (value === undefined) return "not set";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}
