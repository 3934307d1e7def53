import * as pulumi from "@pulumi/pulumi";
import { Budget as BillingBudget } from "@pulumi/gcp/billing/budget";

export interface BudgetArgs {
  /** Such as `012345-6789AB-CDEF01`. */
  billingAccount: string;
  projectNumber: string;
  /** Whole dollars a month. */
  dollars: number;
}

/** Shares of the budget at which Google e-mails the billing account's admins. */
const THRESHOLDS = [0.5, 0.8, 1];

/**
 * A budget for one project's bill: Google warns by e-mail, and stops nothing.
 *
 * @example
 * ```ts
 * import { Budget } from "./components/budget";
 * new Budget("budget", { billingAccount: "012345-6789AB-CDEF01", projectNumber: "100000000001", dollars: 230 });
 * ```
 */
export class Budget extends pulumi.ComponentResource {
  constructor(name: string, args: BudgetArgs, opts?: pulumi.ComponentResourceOptions) {
    const { billingAccount, projectNumber, dollars } = args;
    super("tollgate:gcp:Budget", name, { dollars, thresholds: THRESHOLDS }, opts);
    new BillingBudget(
      name,
      {
        billingAccount,
        displayName: `Tollgate ${name}`,
        budgetFilter: { projects: [`projects/${projectNumber}`], calendarPeriod: "MONTH" },
        amount: { specifiedAmount: { currencyCode: "USD", units: String(dollars) } },
        thresholdRules: [
          ...THRESHOLDS.map((thresholdPercent) => ({ thresholdPercent, spendBasis: "CURRENT_SPEND" })),
          // Before it happens.
          { thresholdPercent: 1, spendBasis: "FORECASTED_SPEND" },
        ],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
