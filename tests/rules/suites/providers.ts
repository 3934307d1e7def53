import { counter, type Expected, type Suite } from "../support/suite";

const errors = (status: string, provider = "anthropic", model = "m") =>
  `tollgate_guard_provider_errors_total{provider="${provider}",model="${model}",status="${status}"}`;
const calls = (outcome: string, provider = "anthropic", model = "m") =>
  `tollgate_guard_calls_total{provider="${provider}",model="${model}",outcome="${outcome}"}`;
const fallbacks = (model: string, status = "503") =>
  `litellm_deployment_failed_fallbacks_total{requested_model="${model}",exception_status="${status}"}`;

const down = (share: string): Expected => ({
  severity: "critical",
  service: "gateway",
  team: "platform",
  labels: { provider: "anthropic" },
  summary: `anthropic fails ${share} of calls`,
  dashboard: "alerts-incidents",
});

export const providersSuite: Suite = {
  group: "providers",
  interval: 15,
  cases: [
    {
      alert: "ProviderDown",
      shows: "fires when every call fails for 2 minutes, while the other provider is well",
      series: {
        [errors("5xx")]: counter([40, 1]),
        [calls("failure")]: counter([40, 5]),
        [calls("success", "vertex")]: counter([40, 5]),
      },
      onset: "2m45s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "counts timeouts and broken connections, over all models",
      series: {
        [errors("timeout")]: counter([40, 0.5]),
        [errors("connection", "anthropic", "n")]: counter([40, 0.5]),
      },
      onset: "2m45s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "fires when just over half fails",
      series: { [errors("5xx")]: counter([40, 1]), [calls("success")]: counter([40, 0.9]) },
      onset: "2m45s",
      alerts: [down("52.63%")],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet when just under half fails",
      series: {
        [errors("5xx")]: counter([40, 1]),
        [calls("success")]: counter([40, 0.55]),
        [calls("success", "anthropic", "n")]: counter([40, 0.5]),
      },
      quietAt: "8m",
    },
    {
      alert: "ProviderDown",
      shows: "is quiet when exactly half fails",
      series: { [errors("5xx")]: counter([40, 1]), [calls("success")]: counter([40, 1]) },
      quietAt: "8m",
    },
    {
      alert: "ProviderDown",
      shows: "needs three errors in two minutes",
      series: { [errors("5xx")]: "0x8 3x7 6x8" },
      onset: "4m15s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet with fewer",
      series: { [errors("5xx")]: "0x8 2.8x7 5.6x8" },
      quietAt: ["4m", "4m15s"],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet for our own quota and our own mistakes",
      series: { [errors("429")]: counter([40, 1]), [errors("4xx")]: counter([40, 1]) },
      quietAt: "8m",
    },
    {
      alert: "FallbackFailing",
      shows: "fires at three calls that no model answered",
      series: {
        [fallbacks("analysis")]: "0x4 2x40",
        [fallbacks("analysis", "500")]: "0x4 1x40",
      },
      onset: "2m15s",
      also: ["5m30s"],
      ends: "6m30s",
      alerts: [
        {
          severity: "critical",
          service: "gateway",
          team: "platform",
          labels: { requested_model: "analysis" },
          summary: "Calls to analysis fail at the fallback too",
          values: ["3"],
          dashboard: "alerts-incidents",
        },
      ],
    },
    {
      alert: "FallbackFailing",
      shows: "is quiet with fewer, of one model",
      series: { [fallbacks("analysis")]: counter([80, 0.14]), [fallbacks("simple")]: counter([80, 0.14]) },
      quietAt: "15m",
    },
  ],
};
