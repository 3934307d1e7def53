import type { Rule } from "../rule";
import { customRoles, noPowerfulRoles, ownAccount, projectRoles, providersThroughGateway } from "./roles";
import { configReadOnly, providerKeys, secretsByUse, secretsInParts } from "./secrets";

/** Who may do what. */
export const accessRules: Rule[] = [
  providersThroughGateway,
  providerKeys,
  projectRoles,
  noPowerfulRoles,
  customRoles,
  ownAccount,
  secretsInParts,
  secretsByUse,
  configReadOnly,
];
