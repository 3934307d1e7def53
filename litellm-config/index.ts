import { billing } from "./definitions/billing";
import { fleet } from "./definitions/fleet";
import { gateway } from "./definitions/gateway";
import { models } from "./definitions/models";
import { retention } from "./definitions/retention";
import { routes } from "./definitions/routes";
import { session } from "./definitions/session";
import { thresholds } from "./definitions/thresholds";
import { tiers } from "./definitions/tiers";
import { parseDefinitions, type Definitions } from "./schema";

export { judgeOf, PAYS, type Judge } from "./judge";
export * from "./money";
export * from "./schema";

/** Every tier, limit, price and route of the product, checked. All that is rendered or deployed comes from here. */
export const definitions: Definitions = parseDefinitions({
  tiers,
  fleet,
  billing,
  session,
  thresholds,
  models,
  routes,
  retention,
  gateway,
});
