import type { Resource } from "../../../../policies/evaluate";
import { changed, withOne, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

const WORLD = [
  ["0.0.0.0/0"],
  ["::/0"],
  ["0.0.0.0/1", "128.0.0.0/1"],
  ["10.10.0.0/20", "0.0.0.0/2"],
  ["8.0.0.0/7"],
  ["203.0.113.7/32"],
  ["10.0.0.0/7"],
  ["2000::/3"],
];
const EVERYBODY = ["allUsers", "allAuthenticatedUsers"];

export function* exposure(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({
    kind: "open to the world",
    what,
    resources,
  });
  const add = (what: string, type: string, props: Resource["props"]) =>
    of(what, withOne(base, { type, name: "extra", props, dependsOn: [] }));
  const at = (pattern: RegExp, what: string, change: (props: Resource["props"]) => void) =>
    ofTypes(base, pattern).map((index) =>
      of(
        `${base[index]!.name}: ${what}`,
        changed(base, index, ({ props }) => change(props)),
      ),
    );

  for (const ranges of WORLD) {
    yield* at(
      /^gcp:compute\/firewall:/,
      `sources ${ranges.join(" and ")}`,
      (props) => (props.sourceRanges = ranges),
    );
    yield add(`a firewall rule for ${ranges.join(" and ")}`, "gcp:compute/firewall:Firewall", {
      allows: [{ protocol: "tcp" }],
      sourceRanges: ranges,
    });
    for (const type of [
      "networkFirewallPolicyRule:NetworkFirewallPolicyRule",
      "firewallPolicyRule:FirewallPolicyRule",
    ])
      yield add(`${type} for ${ranges.join(" and ")}`, `gcp:compute/${type}`, {
        direction: "INGRESS",
        action: "allow",
        match: { srcIpRanges: ranges },
      });
  }
  yield* at(/^gcp:compute\/firewall:/, "no sources", (props) => delete props.sourceRanges);

  for (const member of EVERYBODY) {
    yield* at(/(IAM|Iam)Member$/, `member ${member}`, (props) => (props.member = member));
    yield* at(/(IAM|Iam)Member$/, `members ${member}`, (props) => {
      delete props.member;
      props.members = ["group:a@example.com", member];
    });
    for (const type of [
      "bucketAccessControl:BucketAccessControl",
      "objectAccessControl:ObjectAccessControl",
      "defaultObjectAccessControl:DefaultObjectAccessControl",
    ])
      yield add(`${type} ${member}`, `gcp:storage/${type}`, { bucket: "b", role: "READER", entity: member });
    for (const type of ["bucketACL:BucketACL", "objectACL:ObjectACL"])
      yield add(`${type} ${member}`, `gcp:storage/${type}`, {
        bucket: "b",
        roleEntities: [`READER:${member}`],
      });
    yield add(`a bucket's binding ${member}`, "gcp:storage/bucketIAMBinding:BucketIAMBinding", {
      bucket: "b",
      role: "roles/storage.objectViewer",
      members: [member],
    });
    yield add(`a bucket's policy ${member}`, "gcp:storage/bucketIAMPolicy:BucketIAMPolicy", {
      bucket: "b",
      policyData: JSON.stringify({ bindings: [{ role: "roles/storage.objectViewer", members: [member] }] }),
    });
  }
  for (const predefinedAcl of ["publicRead", "publicReadWrite"])
    yield add(`a bucket's ${predefinedAcl}`, "gcp:storage/bucketACL:BucketACL", {
      bucket: "b",
      predefinedAcl,
    });

  for (const value of ["inherited", "unspecified", undefined])
    yield* at(
      /^gcp:storage\/bucket:/,
      `publicAccessPrevention ${value}`,
      (props) => (props.publicAccessPrevention = value),
    );
  for (const value of [false, undefined])
    yield* at(
      /^gcp:storage\/bucket:/,
      `uniformBucketLevelAccess ${value}`,
      (props) => (props.uniformBucketLevelAccess = value),
    );

  yield* at(
    /^gcp:compute\/instance:/,
    "an external address",
    (props) => (props.networkInterfaces[0].accessConfigs = [{}]),
  );
  yield* at(
    /^gcp:compute\/instance:/,
    "an IPv6 address",
    (props) => (props.networkInterfaces[0].ipv6AccessConfigs = [{}]),
  );
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "a public address",
    (props) => (props.settings.ipConfiguration.ipv4Enabled = true),
  );
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "an authorized network",
    (props) => (props.settings.ipConfiguration.authorizedNetworks = [{ value: "0.0.0.0/0" }]),
  );
  yield* at(
    /^gcp:sql\/databaseInstance:/,
    "no TLS",
    (props) => (props.settings.ipConfiguration.sslMode = "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
  );
  yield* at(/^gcp:redis\/instance:/, "no password", (props) => (props.authEnabled = false));
  yield* at(/^gcp:redis\/instance:/, "no TLS", (props) => (props.transitEncryptionMode = "DISABLED"));
  for (const index of ofTypes(base, /^gcp:cloudrunv2\/service:/)) {
    const { name } = base[index]!;
    if (name === "agent") continue;
    yield of(
      `${name}: ingress from everywhere without the proxy`,
      changed(base, index, ({ props }) =>
        Object.assign(props, { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: false, invokerIamDisabled: true }),
      ),
    );
  }
}
