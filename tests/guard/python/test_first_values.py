"""What the gateway publishes before its first call."""

from __future__ import annotations

from prometheus_client import REGISTRY

from tollgate_guard.config import Config
from tollgate_guard.first_values import publish_first_values


def test_every_set_of_labels_that_can_occur_starts_at_zero(config: Config) -> None:
    publish_first_values(config)
    models = list(config.models.values())
    tiers = [tier.name for tier in config.tiers]
    for model in models:
        for tier in tiers:
            labels = {"model": model.name, "tier": tier, "query_type": "action"}
            assert REGISTRY.get_sample_value("tollgate_guard_spend_nanodollars_total", labels) == 0
        errors = {"provider": model.provider, "model": model.name, "status": "429"}
        assert REGISTRY.get_sample_value("tollgate_guard_provider_errors_total", errors) == 0
        calls = {**errors, "query_type": "action", "outcome": "failure"}
        del calls["status"]
        assert REGISTRY.get_sample_value("tollgate_guard_calls_total", calls) == 0
    crossing = {"percent": "80", "action": "notify", "tier": tiers[0]}
    assert REGISTRY.get_sample_value("tollgate_guard_crossings_total", crossing) == 0
