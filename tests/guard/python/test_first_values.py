"""What the gateway publishes before its first call."""

from __future__ import annotations

from prometheus_client import REGISTRY

from tollgate_guard.config import Config
from tollgate_guard.first_values import publish_first_values


def test_every_set_of_labels_that_can_occur_is_there_before_the_first_call(config: Config) -> None:
    publish_first_values(config)
    # A new series starts at 0; here it may be above, for other tests of this process have counted.
    value = REGISTRY.get_sample_value
    models = list(config.models.values())
    tiers = [tier.name for tier in config.tiers]
    for model in models:
        for tier in tiers:
            labels = {"model": model.name, "tier": tier, "query_type": "action"}
            assert value("tollgate_guard_spend_nanodollars_total", labels) is not None
        errors = {"provider": model.provider, "model": model.name, "status": "429"}
        assert value("tollgate_guard_provider_errors_total", errors) is not None
        ending = {"provider": model.provider, "model": model.name, "ending": "cut"}
        assert value("tollgate_guard_attempts_total", ending) is not None
        calls = {**errors, "query_type": "action", "outcome": "failure"}
        del calls["status"]
        assert value("tollgate_guard_calls_total", calls) is not None
    crossing = {"percent": "80", "action": "notify", "tier": tiers[0]}
    assert value("tollgate_guard_crossings_total", crossing) is not None
