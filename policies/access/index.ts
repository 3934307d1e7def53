import type { Rule } from "../rule";
import { grantsByDesign } from "./by-design";
import { customRoles } from "./custom-roles";
import { noPowerfulRoles, ownMembers } from "./resource-roles";
import { ownAccount, projectRoles, providersThroughGateway } from "./roles";
import { configReadOnly, providerKeys, secretsByUse, secretsInParts } from "./secrets";

/** Who may do what. */
export const accessRules: Rule[] = [
  providersThroughGateway,
  providerKeys,
  projectRoles,
  noPowerfulRoles,
  ownMembers,
  customRoles,
  ownAccount,
  secretsInParts,
  secretsByUse,
  configReadOnly,
  grantsByDesign,
];
