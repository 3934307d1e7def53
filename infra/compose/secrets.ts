import { portOf, secretSources } from "../../catalogue";
import { secretText, type SecretValues } from "../../catalogue/secret-values";

/** The text of every secret that Compose mounts, by the secret's name. */
export function secretFiles(values: SecretValues): Record<string, string> {
  const postgres = { host: "postgres", port: portOf("postgres") };
  return Object.fromEntries(
    secretSources.flatMap(([name]) => {
      const text = secretText(name, values, postgres);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
