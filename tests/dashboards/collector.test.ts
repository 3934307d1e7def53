import { collectorFiles, renderAlloyFiles } from "../../dashboards/alloy";
import { service, type ServiceName, type TargetName } from "../../catalogue";
import { envOf } from "../../catalogue/target";
import { collectorContainer } from "../../components/run/collector";
import { committedFiles } from "../../infra/rendered-folder";
import { componentsOf, referencesOf } from "./support/alloy";

/** A collector's configuration as Alloy reads its folder. */
const whole = (...args: Parameters<typeof collectorFiles>) =>
  Object.values(collectorFiles(...args)).join("\n");

const environmentOf = (name: ServiceName, target: TargetName) =>
  Object.keys(envOf(service(name), target)).sort();

const sidecar = collectorContainer({
  service: "gateway",
  image: "alloy",
  metrics: { path: "/metrics", port: 4000 },
  prometheusUrl: "http://prometheus",
  config: { bucket: "config", folder: "collector" },
  cpu: 0.1,
  memoryMiB: 128,
});

const configurations: [name: string, text: string, environment: string[]][] = [
  ["Compose's collector", whole("compose"), environmentOf("alloy", "compose")],
  // The stack says where its log files are.
  ["this machine's collector", whole("machine"), [...environmentOf("alloy", "local"), "LOG_FOLDER"].sort()],
  ["Google Cloud's log collector", whole("logs", true), environmentOf("alloy", "gcp")],
  ["Google Cloud's metrics collector", whole("platform", true), environmentOf("cloud-metrics", "gcp")],
  // Cloud Run sets the revision's name.
  ["the sidecar", whole("sidecar"), ["K_REVISION", ...Object.keys(sidecar.env!)].sort()],
];

describe.each(configurations)("%s", (_name, text, environment) => {
  it("is well formed, and each component is there once", () => {
    const names = componentsOf(text);
    expect(names.length).toBeGreaterThan(2);
    expect(new Set(names).size).toBe(names.length);
  });

  it("refers only to components that it has, and uses all that it has", () => {
    const names = componentsOf(text);
    const used = referencesOf(text);
    for (const name of used) expect(names).toContain(name);
    const ends = /^(loki\.source|prometheus\.scrape)/;
    for (const name of names.filter((each) => !ends.test(each))) expect(used).toContain(name);
  });

  it("reads only the environment that it is started with, and all of that", () => {
    const read = new Set([...text.matchAll(/sys\.env\("(\w+)"\)/g)].map(([, name]) => name));
    expect([...read].sort()).toEqual(environment);
  });

  it("pushes to one Prometheus, and holds no secret", () => {
    expect(text.match(/prometheus\.remote_write "/g)).toHaveLength(1);
    expect(text).not.toMatch(/password\s*=\s*"/);
  });
});

it("what can be scraped sends no metrics of its own", () => {
  expect(Object.keys(collectorFiles("logs"))).toEqual(["exported.alloy", "lines.alloy"]);
  expect(componentsOf(whole("platform"))).not.toContain("prometheus.exporter.self.own");
});

it("a log line keeps only three labels", () => {
  expect(whole("compose")).toMatch(
    /stage\.label_keep \{\s+values = \["service", "level", "environment"\]\s+\}/,
  );
  expect(collectorFiles("logs")["lines.alloy"]).toBe(collectorFiles("compose")["lines.alloy"]);
});

it("the reader of Alloy's language refuses what is broken", () => {
  expect(() => componentsOf(`a.b "c" {\n  x = [1, 2\n}`)).toThrow(/expected/);
  expect(() => componentsOf(`a.b "c" {\n  x 1\n}`)).toThrow(/expected/);
  expect(() => componentsOf(`a.b "c" {`)).toThrow(/expected/);
});

it("Compose's files are what is committed", () => {
  const committed = Object.entries(committedFiles("alloy")).map(([name, text]) => [`alloy/${name}`, text]);
  expect(renderAlloyFiles()).toEqual(Object.fromEntries(committed));
});
