import type { Resource } from "../../../../policies/evaluate";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

const TAGGED = [
  "grafana/loki:3.7.8",
  "docker.io/library/postgres:16",
  "library/redis",
  "europe-west1-docker.pkg.dev/p/tollgate/agent:latest",
];

export function* images(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "image by tag", what, resources });
  for (const { where, change } of containersOf(base))
    for (const image of TAGGED)
      yield of(
        `${where} runs ${image}`,
        change((broken) => (broken.image = image)),
      );
  for (const at of ofTypes(base, /^gcp:compute\/instance:/))
    for (const image of TAGGED)
      for (const [key, text] of [
        ["startup-script", `#!/bin/bash\ndocker run --rm -d \\\n  ${image}\n`],
        [
          "user-data",
          `#cloud-config\nwrite_files:\n  - path: /etc/systemd/system/x.service\n    content: |\n      [Service]\n      ExecStart=/usr/bin/docker run --rm ${image}\n`,
        ],
        [
          "user-data",
          `#cloud-config\nwrite_files:\n  - path: /opt/tollgate/env\n    content: |\n      TOLLGATE_AGENT_IMAGE=${image}\n`,
        ],
        ["user-data", `#cloud-config\nruncmd:\n  - docker pull ${image}\n`],
      ] as const)
        yield of(
          `${base[at]!.name}: metadata.${key} runs ${image}`,
          changed(base, at, ({ props }) => (props.metadata = { ...props.metadata, [key]: text })),
        );
}
