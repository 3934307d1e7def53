import { PolicyPack } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { environmentOf, policiesFor } from "./pack";

new PolicyPack("tollgate", { policies: policiesFor(environmentOf(pulumi.getStack())) });
