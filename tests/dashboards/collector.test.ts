import { readFileSync } from "node:fs";
import { join } from "node:path";
import { composeCollector, googleLogCollector, renderAlloyFiles } from "../../dashboards/alloy";
import { LOG_LABELS } from "../../dashboards/alloy/lines";
import { alloy, expression } from "../../dashboards/alloy/syntax";
import { service, type ServiceName, type TargetName } from "../../catalogue";
import { envOf } from "../../catalogue/target";
import { cloudMetricsConfig, sidecarConfig } from "../../infra/config-files/collectors";
import { componentsOf, referencesOf } from "./support/alloy";

const configurations: [name: string, text: string, service: ServiceName, target: TargetName][] = [
  ["Compose's collector", composeCollector(), "alloy", "compose"],
  ["Google Cloud's log collector", googleLogCollector("a-project", "a-subscription", true), "alloy", "gcp"],
  ["Google Cloud's metrics collector", cloudMetricsConfig()["config.alloy"]!, "cloud-metrics", "gcp"],
];

describe.each(configurations)("%s", (_name, text, serviceName, target) => {
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

  it("reads only the environment that the catalogue gives it, and all of that", () => {
    const read = new Set([...text.matchAll(/sys\.env\("(\w+)"\)/g)].map(([, name]) => name));
    expect([...read].sort()).toEqual(Object.keys(envOf(service(serviceName), target)).sort());
  });

  it("holds no secret", () => expect(text).not.toMatch(/password\s*=\s*"/));
});

describe("a log line", () => {
  const collectors = [composeCollector(), googleLogCollector("a-project", "a-subscription")];

  it("keeps three labels, whatever a service writes", () => {
    expect(LOG_LABELS).toEqual(["service", "level", "environment"]);
    for (const text of collectors)
      expect(text).toMatch(/stage\.label_keep \{\s+values = \["service", "level", "environment"\]\s+\}/);
  });

  it("is treated alike on every target", () => {
    const shared = (text: string) => text.slice(text.indexOf("stage.drop"), text.indexOf("loki.write"));
    expect(shared(collectors[0]!)).toBe(shared(collectors[1]!));
  });
});

describe("Alloy's language", () => {
  it("is written as alloy fmt writes it", () => {
    const blocks = [
      {
        type: "a.b",
        label: "c",
        attributes: {
          url: expression(`sys.env("X")`),
          long_name: ["x", 1, true],
          map: { k: "v", longer: "w" },
        },
        blocks: [{ type: "inner" }],
      },
    ];
    expect(alloy(blocks)).toBe(
      [
        `a.b "c" {`,
        `\turl       = sys.env("X")`,
        `\tlong_name = ["x", 1, true]`,
        `\tmap       = {`,
        `\t\t"k"      = "v",`,
        `\t\t"longer" = "w",`,
        `\t}`,
        ``,
        `\tinner { }`,
        `}`,
        ``,
      ].join("\n"),
    );
  });

  it("is refused when it is broken", () => {
    expect(() => componentsOf(`a.b "c" {\n  x = [1, 2\n}`)).toThrow(/expected/);
    expect(() => componentsOf(`a.b "c" {\n  x 1\n}`)).toThrow(/expected/);
    expect(() => componentsOf(`a.b "c" {`)).toThrow(/expected/);
    expect(componentsOf(sidecarConfig()["sidecar.alloy"]!)).toContain("prometheus.remote_write.central");
  });
});

it("Compose's file is what is committed", () => {
  const committed = readFileSync(join(__dirname, "../../generated/alloy/config.alloy"), "utf8");
  expect(renderAlloyFiles()).toEqual({ "alloy/config.alloy": committed });
});
