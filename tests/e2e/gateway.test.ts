/** The real LiteLLM with two workers, real Postgres and Redis, and a simulated provider: one stack for all cases. */
import { useGateway } from "../support/gateway";
import { bounds } from "./gateway/bounds";
import { cache } from "./gateway/cache";
import { caps } from "./gateway/caps";
import { degrade } from "./gateway/degrade";
import { files } from "./gateway/files";
import { dialects } from "./gateway/dialects";
import { embeddings } from "./gateway/embeddings";
import { failures } from "./gateway/failures";
import { identity } from "./gateway/identity";
import { limits } from "./gateway/limits";
import { observability } from "./gateway/observability";
import { closedRoutes } from "./gateway/closed-routes";
import { sdkRounds } from "./gateway/sdk-rounds";
import { whatClientsSend } from "./gateway/what-clients-send";
import { workload } from "./gateway/workload";

// A production time-out is a minute; the cases that need one cannot wait for that.
const gateway = useGateway({ workers: 2, gateway: { requestTimeout: 6, holdLease: 30, settleMargin: 5 } });

describe("caps", () => caps(gateway));
describe("bounds", () => bounds(gateway));
describe("identity", () => identity(gateway));
describe("what is closed", () => closedRoutes(gateway));
describe("failures", () => failures(gateway));
describe("limits", () => limits(gateway));
describe("thresholds", () => degrade(gateway));
describe("cache", () => cache(gateway));
describe("observability", () => observability(gateway));
describe("images and documents", () => files(gateway));
describe("other dialects", () => dialects(gateway));
describe("embeddings", () => embeddings(gateway));
describe("what clients send", () => whatClientsSend(gateway));
describe("what SDKs put together", () => sdkRounds(gateway));
describe("a mixed workload", () => workload(gateway));
