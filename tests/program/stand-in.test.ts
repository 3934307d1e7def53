import { startGoogleCloud, type GoogleCloud } from "../support/google-cloud";

describe("the stand-in for Google's APIs", () => {
  let google: GoogleCloud;
  beforeAll(async () => (google = await startGoogleCloud("p", "1")));
  afterAll(() => google.close());

  const post = async (service: string, path: string, body: unknown) => {
    const response = await fetch(`${google.env[`GOOGLE_${service}_CUSTOM_ENDPOINT`]}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };

  const disk = { name: "d", sizeGb: "20", type: "zones/z/diskTypes/pd-balanced" };
  const network = { name: "n", autoCreateSubnetworks: false };
  it.each<[string, string, string, object, string | undefined]>([
    ["a disk", "COMPUTE", "projects/p/zones/z/disks?alt=json&prettyPrint=false", disk, undefined],
    ["a network", "COMPUTE", "projects/p/global/networks?alt=json", network, undefined],
    [
      "a disk with a field that there is not",
      "COMPUTE",
      "projects/p/zones/z/disks",
      { ...disk, size: 20 },
      "body.size is not a field",
    ],
    [
      "a machine with an unknown way in",
      "COMPUTE",
      "projects/p/zones/z/instances",
      { name: "m", networkInterfaces: [{ accessConfigs: [{ type: "NAT" }] }] },
      "must be one of",
    ],
    [
      "a database of an unknown type of availability",
      "SQL",
      "projects/p/instances",
      { name: "i", settings: { availabilityType: "GLOBAL" } },
      "must be one of",
    ],
    [
      "a Redis that encrypts in an unknown way",
      "REDIS",
      "projects/p/locations/l/instances?instanceId=r",
      { transitEncryptionMode: "TLS" },
      "must be one of",
    ],
    [
      "a Redis under a parameter that there is not",
      "REDIS",
      "projects/p/locations/l/instances?instance=r",
      {},
      "?instance is not a parameter",
    ],
    [
      "a secret",
      "SECRET_MANAGER",
      "projects/p/secrets?secretId=s",
      { replication: { userManaged: { replicas: [{ location: "l" }] } } },
      undefined,
    ],
    [
      "a secret with a replication that there is not",
      "SECRET_MANAGER",
      "projects/p/secrets?secretId=t",
      { replication: { auto: {} } },
      "body.replication.auto is not a field",
    ],
  ])("answers %s", async (_, service, path, body, finding) => {
    const { status, text } = await post(service, path, body);
    if (finding) expect(text).toContain(finding);
    expect(status).toBe(finding ? 400 : 200);
  });
});
