"""Keys: how a list is read, what each may do, and what an address that guesses gets."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from chat_requests import request
from tollgate_guard import keys as keys_module
from tollgate_guard.config import Config
from tollgate_guard.dialects.catalogue import models
from tollgate_guard.keys import Keys, KeysUnusable, read_keys
from tollgate_guard.refusals import Refusal


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def read(config: Config, *entries: Any, single: str | None = None) -> Keys:
    environment = {"TOLLGATE_AGENT_KEYS": json.dumps(entries), "TOLLGATE_JUDGE_KEY": "the judges' key"}
    return read_keys({**environment, **({"TOLLGATE_AGENT_KEY": single} if single else {})}, config)


def find(keys: Keys, key: str, address: str = "10.0.0.1") -> str:
    try:
        return keys.find(f"Bearer {key}".encode(), address).name
    except Refusal as refusal:
        return refusal.code


def test_the_single_key_and_those_of_the_list_get_in(config: Config) -> None:
    old, new = ({"name": name, "sha256": digest(f"key {name}")} for name in ("old", "new"))
    keys = read(config, old, new, single="the single key")
    assert [find(keys, key) for key in ("the single key", "key old", "key new")] == ["agent", "old", "new"]
    assert [find(keys, key) for key in ("key", "", digest("key old"))] == ["unauthorized"] * 3
    assert [find(read(config, new), key) for key in ("key new", "key old")] == ["new", "unauthorized"]
    with pytest.raises(Refusal):
        keys.find(b"Basic key old", "10.0.0.1")
    assert keys.find(b"bearer  key old ", "10.0.0.1").name == "old"


GOOD = {"name": "one", "sha256": digest("one")}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{**GOOD, "name": ""}], "[0].name must be"),
        ([{**GOOD, "name": "a b"}], "[0].name must be"),
        ([{"name": "one"}], "[0].sha256 must be"),
        ([GOOD, {**GOOD, "name": "two", "sha256": "the key itself"}], "[1].sha256 must be"),
        ([{**GOOD, "sha256": digest("one").upper()}], "[0].sha256 must be"),
        ([{**GOOD, "routes": ["nowhere"]}], "[0].routes must be a list of"),
        ([{**GOOD, "routes": []}], "[0].routes must be"),
        ([{**GOOD, "customers": "acme"}], "[0].customers must be"),
        ([{**GOOD, "identity": "acme"}], "[0].identity must have a customer_id and a query_type, one of"),
        ([{**GOOD, "identity": {"customer_id": "acme"}}], "[0].identity must have"),
        ([{**GOOD, "identity": {"customer_id": "a b", "query_type": "action"}}], "[0].identity must have"),
        ([{**GOOD, "identity": {"customer_id": "acme", "query_type": "free_lunch"}}], "[0].identity must have"),
        ([{**GOOD, "identity": {"customer_id": "acme", "query_type": ["action"]}}], "[0].identity must have"),
        ([{**GOOD, "name": "judge"}], "TOLLGATE_JUDGE_KEY judge"),
        ([{**GOOD, "customers": ["a b"]}], "[0].customers must be"),
        ([{**GOOD, "calls_in_flight": 0}], "[0].calls_in_flight must be"),
        ([{**GOOD, "calls_in_flight": True}], "[0].calls_in_flight must be"),
        ([{**GOOD, "key": "x"}], "[0].key is unknown"),
        (["one"], "[0] must be an object"),
        ([GOOD, {**GOOD, "sha256": digest("two")}], "each name once"),
        ([GOOD, {**GOOD, "name": "two"}], "each sha256 once"),
        ([], "must name a key"),
    ],
)
def test_a_list_that_cannot_be_used_is_named_by_field_and_remedy(config: Config, entries: Any, said: str) -> None:
    with pytest.raises(KeysUnusable) as unusable:
        read(config, *entries)
    assert said in str(unusable.value) and "the key itself" not in str(unusable.value)


@pytest.mark.parametrize("text", ["{", "{}", '"x"', "7", "null"])
def test_what_is_no_list_is_refused(config: Config, text: str) -> None:
    with pytest.raises(KeysUnusable, match="must be a JSON list"):
        read_keys({"TOLLGATE_AGENT_KEYS": text, "TOLLGATE_AGENT_KEY": "x"}, config)


def test_a_key_is_limited_to_its_routes_and_customers(config: Config) -> None:
    keys = read(config, {**GOOD, "routes": ["simple", "claude-haiku-4-5"], "customers": ["acme"]})
    key = keys.find(b"Bearer one", "a")
    key.check(request(model="simple"))
    other = {"customer_id": "bigco", "session_id": "s", "query_type": "cost_analysis"}
    for refused, field in ((request(model="deep"), "model"), (request(model="simple", metadata=other), "metadata.customer_id")):
        with pytest.raises(Refusal) as refusal:
            key.check(refused)
        assert (refusal.value.status, refusal.value.code, refusal.value.field) == (403, "key_not_allowed", field)


def test_a_key_has_so_many_places_and_they_come_back(config: Config) -> None:
    keys = read(config, {**GOOD, "calls_in_flight": 2}, single="other")
    one, other = keys.find(b"Bearer one", "a"), keys.find(b"Bearer other", "a")
    with keys.place(one):
        with pytest.raises(ZeroDivisionError), keys.place(one):
            raise ZeroDivisionError
        with keys.place(one), keys.place(other):
            with pytest.raises(Refusal) as refused, keys.place(one):
                pass
            assert (refused.value.status, refused.value.code) == (429, "key_busy")
        with keys.place(one):
            pass


def test_guesses_are_slowed_down_by_address_and_a_right_one_is_not_noticed(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = read(config, GOOD, single="other")
    assert find(keys, "other", "10.0.0.1") == "agent"
    assert [find(keys, f"guess {i}", "10.0.0.1") for i in range(60)] == ["unauthorized"] * 60
    assert find(keys, "guess", "10.0.0.1") == "too_many_wrong_keys"
    # The right key is guessed too late; a key that was used from here goes on.
    assert find(keys, "one", "10.0.0.1") == "too_many_wrong_keys"
    assert find(keys, "other", "10.0.0.1") == "agent"
    assert find(keys, "one", "10.0.0.2") == "one"
    now = keys_module.time.monotonic()
    monkeypatch.setattr(keys_module.time, "monotonic", lambda: now + 61)
    assert find(keys, "one", "10.0.0.1") == "one"


def test_who_has_a_network_of_addresses_has_one_of_them(config: Config) -> None:
    keys = read(config, GOOD)
    codes = [find(keys, "guess", f"2001:db8:1:2::{i:x}") for i in range(61)]
    assert codes[-1] == "too_many_wrong_keys"
    assert find(keys, "one", "2001:db8:1:3::1") == "one"
    assert find(keys, "guess", "::ffff:10.0.0.9") == "unauthorized"


def test_a_request_without_a_key_is_no_guess(config: Config) -> None:
    keys = read(config, GOOD)
    for _ in range(100):
        with pytest.raises(Refusal) as refused:
            keys.find(b"", "10.0.0.1")
        assert refused.value.code == "unauthorized"


def test_the_memory_of_addresses_is_bounded(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_REMEMBERED", 100)
    keys = read(config, GOOD)
    for i in range(1_000):
        find(keys, "guess", f"10.0.{i // 250}.{i % 250}")
        find(keys, "one", f"10.1.{i // 250}.{i % 250}")
    assert len(keys._wrong) == len(keys._seen) == 100


def test_a_keys_list_of_models_is_what_it_may_use(config: Config) -> None:
    def listed(names: frozenset[str] | None) -> dict[str, dict[str, object]]:
        return {each["id"]: each for each in json.loads(models(config, names))["data"]}

    assert listed(None).keys() == config.routes.keys()
    some = listed(frozenset({"simple", "claude-haiku-4-5"}))
    assert some.keys() == {"simple", "claude-haiku-4-5"}
    assert some["simple"]["input"] == ["text", "image", "pdf"]


def test_a_key_with_an_identity_names_customer_kind_and_a_session_for_each_call(config: Config) -> None:
    entry = {**GOOD, "identity": {"customer_id": "acme", "query_type": "action"}}
    keys = read(config, entry)
    one = keys.find(b"Bearer one", "10.0.0.1")
    first, second = one.identify({}), one.identify({"x-tollgate-customer": "acme"})
    assert {name: first[name] for name in ("x-tollgate-customer", "x-tollgate-query-type")} == {
        "x-tollgate-customer": "acme",
        "x-tollgate-query-type": "action",
    }
    assert first["x-tollgate-session"].startswith("one-")
    assert first["x-tollgate-session"] != second["x-tollgate-session"]
    for header in ({"x-tollgate-customer": "other"}, {"x-tollgate-session": first["x-tollgate-session"]}):
        with pytest.raises(Refusal) as refused:
            one.identify(header)
        assert refused.value.code == "key_not_allowed"
    plain = {"x-tollgate-customer": "other"}
    assert read(config, GOOD).find(b"Bearer one", "10.0.0.1").identify(plain) == plain


def test_the_judges_key_is_for_their_customer_and_model(config: Config) -> None:
    judge = read(config, GOOD).find(b"Bearer the judges' key", "10.0.0.1")
    assert judge.name == "judge"
    assert judge.routes == {config.judge.model}
    assert judge.identify({})["x-tollgate-customer"] == config.judge.customer_id
