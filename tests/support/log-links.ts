import { parse } from "yaml";
import { grafanaFiles } from "../../dashboards/grafana";

interface DerivedField {
  name: string;
  matcherType: "regex" | "label";
  matcherRegex: string;
  url: string;
  urlDisplayLabel: string;
  datasourceUid?: string;
}

/** The links that the provisioned Loki source has, in a stack with Tempo. */
export const logLinks = (
  parse(
    grafanaFiles({ langfuse: "http://langfuse.test", tempo: true })[
      "provisioning/datasources/tollgate.yaml"
    ]!,
  ) as { datasources: { uid: string; jsonData: { derivedFields: DerivedField[] } }[] }
).datasources.find(({ uid }) => uid === "loki")!.jsonData.derivedFields;

/**
 * The value of each link that Grafana shows at a log entry, as its `getDerivedFields.ts` finds it: the first match in the line, or
 * the first label whose name matches.
 *
 * @param labels Of the entry, with those that the query parsed.
 */
export function linksOf(line: string, labels: Record<string, string> = {}): [title: string, value: string][] {
  return logLinks.flatMap(({ matcherType, matcherRegex, urlDisplayLabel }) => {
    const pattern = new RegExp(matcherRegex);
    const label = Object.keys(labels).find((name) => pattern.test(name));
    const value = matcherType === "regex" ? pattern.exec(line)?.[1] : label && labels[label];
    return value ? [[urlDisplayLabel, value] satisfies [string, string]] : [];
  });
}
