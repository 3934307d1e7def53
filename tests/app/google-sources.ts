import { gcpSources } from "../../app/sources/gcp";
import type { Sources } from "../../app/sources/source";
import { createLog, createMetrics, type Telemetry } from "../../app/telemetry";
import { GoogleStandIn } from "../support/google/stand-in";
import { NOW } from "./harness";

export const PROJECT = "shop-prod";

/** A customer's data in Google Cloud, from a stand-in for Google's APIs. Each test starts with new telemetry and no calls. */
export function useGoogle() {
  const google = new GoogleStandIn();
  const used = { google } as { google: GoogleStandIn; telemetry: Telemetry; sources: Sources };
  beforeAll(() => google.start());
  afterAll(() => google.stop());
  beforeEach(() => {
    google.calls.length = 0;
    used.telemetry = { log: createLog({ level: "error", environment: "local" }), metrics: createMetrics() };
    const options = { dataset: "billing_export", clients: google.clients(), now: () => NOW };
    used.sources = gcpSources(options, used.telemetry)(PROJECT);
  });
  return used;
}
