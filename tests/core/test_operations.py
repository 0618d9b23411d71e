"""What those who run the program look at."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from epaccs.app import create_app
from epaccs.core.db import writing
from epaccs.core.operations import configure_logs
from epaccs.settings import Settings, SettingsError, load_settings


def test_a_living_process_says_so(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"alive\n"


def test_it_is_ready_when_the_schema_is_the_programs(client: FlaskClient) -> None:
    assert (client.get("/readyz").status_code, client.get("/readyz").data) == (200, b"ready\n")


def test_it_is_not_ready_on_another_schema(client: FlaskClient) -> None:
    with writing() as session:
        before = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = client.get("/readyz")
    finally:
        with writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})

    assert (answer.status_code, answer.data) == (503, b"the database needs: epaccs db upgrade\n")


def test_metrics_are_counted_by_route_and_answered_to_this_machine(client: FlaskClient) -> None:
    client.get("/healthz")

    answer = client.get("/metrics")

    assert 'epaccs_request_seconds_count{method="GET",route="operations.healthz",status="200"}' in answer.text


def test_metrics_are_not_there_for_anybody_else(client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404


def test_a_log_line_names_the_route_and_nobody(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO")
    app.test_client().get("/record/OKONKWO-999-000-0018?name=Grace")

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    answered = [line for line in lines if line["event"] == "request answered"]
    assert answered
    assert not any(word in json.dumps(lines) for word in ("OKONKWO", "999-000", "Grace"))


def test_a_failure_is_logged_under_the_number_that_its_page_shows(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(replace(settings, testing=False))
    configure_logs("INFO")

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("OKONKWO 9990000018")

    answer = app.test_client().get("/broken")

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    (failed,) = [line for line in lines if line["event"] == "A request failed"]
    assert failed["request_id"] in answer.text
    assert failed["error"] == "ZeroDivisionError"
    assert any("broken" in place for place in failed["places"])
    assert "OKONKWO" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param({"EPACCS_MODE": "live"}, "EPACCS_SECRET_KEY is not set", id="live without a secret"),
        pytest.param(
            {"EPACCS_MODE": "live", "EPACCS_SECRET_KEY": "x" * 40},
            "must start with https",
            id="live without TLS",
        ),
        pytest.param(
            {"EPACCS_MODE": "live", "EPACCS_SECRET_KEY": "x" * 40, "EPACCS_PUBLIC_URL": "https://register.example"},
            "EPACCS_TRUSTED_PROXIES is not set",
            id="live without a named proxy",
        ),
        pytest.param({"EPACCS_MODE": "real"}, "Set it to demo or live", id="no such mode"),
        pytest.param({"EPACCS_PORT": "many"}, "is not a whole number", id="a word for a number"),
        pytest.param({"EPACCS_DATABASE_URL": "mysql://x"}, "names no database known here", id="another database"),
        pytest.param({"EPACCS_CLAMD": "localhost:3310"}, "names no virus scanner", id="a scanner without its kind"),
        pytest.param({"EPACCS_CLAMD": "tcp://localhost"}, "names no virus scanner", id="a scanner without a port"),
        pytest.param({"EPACCS_CLAMD": "tcp://localhost:many"}, "names no virus scanner", id="a port that is none"),
        pytest.param({"EPACCS_SCAN_LIMIT_MEGABYTES": "51"}, "must be from 1 to 50", id="scans that are too large"),
        pytest.param({"EPACCS_SCAN_LIMIT_MEGABYTES": "0"}, "must be from 1 to 50", id="scans of nothing"),
        pytest.param({"EPACCS_SPONSORED_MONTHS": "0"}, "must be from 1 to 24", id="accounts that end at once"),
        pytest.param({"EPACCS_SPONSORED_MONTHS": "60"}, "must be from 1 to 24", id="accounts nobody looks at again"),
        pytest.param({"EPACCS_SIGNING_MINUTES": "61"}, "must be from 1 to 60", id="a proof that never grows old"),
        pytest.param({"EPACCS_OIDC_ISSUER": "http://a.example"}, "start with https", id="a provider on an open line"),
        pytest.param({"EPACCS_OIDC_ISSUER": "a.example"}, "start with https", id="a provider without its kind"),
        pytest.param(
            {"EPACCS_OIDC_ISSUER": "https://a.example"}, "CLIENT_SECRET too", id="a provider without a secret"
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    environment: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))
    for name, words in environment.items():
        monkeypatch.setenv(name, words)

    with pytest.raises(SettingsError, match=sentence):
        load_settings()


@pytest.mark.parametrize("address", ["", "tcp://127.0.0.1:3310", "unix:///var/run/clamav/clamd.ctl"])
def test_a_virus_scanner_listens_on_a_port_or_a_socket_or_there_is_none(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EPACCS_CLAMD", address)

    assert load_settings().clamd == address


def test_an_identity_provider_is_named_with_its_secret_or_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))
    assert load_settings().identity_provider is None
    for name, words in {"ISSUER": "https://a.example/", "CLIENT_ID": "epaccs", "CLIENT_SECRET": "hush"}.items():
        monkeypatch.setenv(f"EPACCS_OIDC_{name}", words)

    provider = load_settings().identity_provider

    assert provider is not None
    assert (provider.issuer, provider.client_secret) == ("https://a.example/", "hush")
    assert "hush" not in repr(load_settings())


def test_a_demonstration_keeps_its_own_secret(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))

    assert load_settings().secret_key == load_settings().secret_key
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
