import * as proxy from "@pulumi/policy/proxy";
import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { known } from "../../policies/known";
import { policiesFor } from "../../policies/pack";

// What the SDK wraps inputs in during a preview; internal, so not in its types.
const { unknownCheckingProxy, unknownStringValue } = proxy as unknown as {
  unknownCheckingProxy: (inputs: object) => object;
  unknownStringValue: string;
};

class NotApplicable extends Error {}

/** A resource as the engine hands it to a policy during a preview. */
function previewed(props: object): ResourceValidationArgs {
  return {
    type: "gcp:cloudrunv2/service:Service",
    name: "gateway",
    props: unknownCheckingProxy(props),
    opts: { protect: false },
    isType: ({ isInstance }: { isInstance: (value: object) => boolean }) =>
      isInstance({ __pulumiType: "gcp:cloudrunv2/service:Service" }),
    notApplicable: () => {
      throw new NotApplicable();
    },
    getConfig: () => ({}),
  } as unknown as ResourceValidationArgs;
}

async function findings(policy: string, args: ResourceValidationArgs): Promise<string[]> {
  const { validateResource } = policiesFor("prod").find(
    ({ name }) => name === policy,
  ) as ResourceValidationPolicy;
  const found: string[] = [];
  for (const validate of [validateResource ?? []].flat()) {
    try {
      await validate(args, (message) => found.push(message));
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
    }
  }
  return found;
}

describe("a preview, where some values are unknown", () => {
  const container = (env: object) => ({
    template: { containers: [{ name: "gateway", image: unknownStringValue, envs: [env] }] },
  });

  it("finds a plain secret next to an unknown image", async () =>
    expect(
      await findings("secrets-from-manager", previewed(container({ name: "AGENT_KEY", value: "plain" }))),
    ).toEqual([expect.stringMatching(/^Container gateway has AGENT_KEY as a plain value\./)]));

  it("takes an unknown value for none", async () => {
    const secretKeyRef = { secret: unknownStringValue, version: unknownStringValue };
    const args = previewed(
      container({ name: "AGENT_KEY", value: unknownStringValue, valueSource: { secretKeyRef } }),
    );
    for (const policy of ["secrets-from-manager", "secrets-pinned", "images-by-digest"]) {
      expect(await findings(policy, args)).toEqual([]);
    }
  });

  it("checks the known items of a list", async () => {
    const args = (...list: string[]) =>
      previewed({ name: "tollgate-prometheus", template: { containers: [{ args: list }] } });
    expect(
      await findings("retention-metrics", args(unknownStringValue, "--storage.tsdb.retention.time=15d")),
    ).toEqual([]);
    expect(
      await findings("retention-metrics", args(unknownStringValue, "--storage.tsdb.retention.time=9d")),
    ).toEqual([expect.stringMatching(/^storage.tsdb.retention.time is 9d, not 15d\./)]);
  });

  it("leaves out what the engine hands over as null, which is not set", () =>
    expect(known({ a: null, b: { c: null, d: 1 } })).toEqual({ b: { d: 1 } }));

  it("leaves out what the provider filled in", () =>
    expect(known({ __defaults: ["a"], a: 1, b: [{ __defaults: [], c: 2 }] })).toEqual({ b: [{ c: 2 }] }));

  it("lets any other error through", async () => {
    const broken = previewed({});
    Object.defineProperty(broken.props, "template", {
      enumerable: true,
      get: () => {
        throw new TypeError("broken");
      },
    });
    await expect(findings("limits-set", broken)).rejects.toThrow("broken");
  });
});
