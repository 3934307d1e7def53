import { composeFile } from "../../infra/compose";
import type { ComposeFile } from "../../infra/compose/schema";
import { composeText } from "../deployed/compose";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";
import { differencesFrom } from "./differences";

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
    ...differencesFrom(others, rest, ""),
    ...Object.keys({ ...wanted, ...services }).flatMap((name) => {
      const service = (services as Record<string, Props>)[name];
      if (!wanted[name]) return [`the catalogue has no service ${name}`];
      if (!service) return [`the service ${name} is missing`];
      return differencesFrom(
        withoutVersion({ ...wanted[name] }),
        withoutVersion(service),
        `services.${name}`,
      );
    }),
  ];
}

/** A pack of another release names other versions: the rule on digests holds what is pulled. */
function withoutVersion(service: Props): Props {
  const image: unknown = service.image;
  if (typeof image !== "string" || image.includes("$")) return service;
  return { ...service, image: image.replace(/(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/, "") };
}
