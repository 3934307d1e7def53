import type { Suite } from "../support/suite";
import { budgets } from "./budgets";
import { ledgerSuite } from "./ledger";
import { monitoringSuite } from "./monitoring";
import { platformSuite } from "./platform";
import { providersSuite } from "./providers";
import { requestsSuite } from "./requests";
import { spendSuite } from "./spend";

/** The promtool tests of every alert group. */
export const suites: Suite[] = [
  spendSuite,
  budgets,
  requestsSuite,
  providersSuite,
  ledgerSuite,
  platformSuite,
  monitoringSuite,
];
