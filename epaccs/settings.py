"""What a site sets in the environment; a wrong or missing one stops the start with a sentence saying what to set."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env, EnvError

#: A larger file fits through no body of a request, and into no answer that a busy server should give.
SCAN_LIMIT_MEGABYTES = 50
#: Somebody must say at least so often that a person still works where their account is for.
SPONSORED_MONTHS_LIMIT = 24


class SettingsError(Exception):
    """A setting is missing or wrong; the message says what to set."""


class Mode(StrEnum):
    """Whether the people in the register are made up."""

    DEMO = "demo"
    LIVE = "live"


@dataclass(frozen=True)
class IdentityProvider:
    """Who else says who somebody is, over OpenID Connect.

    Args:
        issuer: as it names itself in its tokens.
        name: as people know it; it stands on the button.
        roles_claim: the claim in which it says where and as what somebody works.
        number_claim: the claim with the professional number that it has verified; empty: it has verified none.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = "your organisation's sign-in"
    roles_claim: str = "epaccs_roles"
    number_claim: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything the program is told from outside.

    Durations carry their unit in the name. `trusted_proxies` is the number of proxies in front whose forwarded
    address is believed; 0: none.
    """

    database_url: str
    data_dir: Path
    secret_key: str
    mode: Mode = Mode.DEMO
    public_url: str = "http://localhost:5000"
    trusted_proxies: int = 0
    restore_generation: int = 1
    port: int = 5000
    log_level: str = "INFO"
    demo_password: str = field(default="demonstration-only", repr=False)
    session_idle_minutes: int = 60
    session_absolute_hours: int = 13
    #: So long ago somebody may have proved who they are when they sign a CPR decision.
    signing_minutes: int = 15
    #: Whether an emergency opens a record whose sharing the person refused or withdrew: the area's own decision.
    emergency_opens_refused: bool = False
    #: None: people sign in here, and nowhere else.
    identity_provider: IdentityProvider | None = None
    #: A second factor's window and the throttle are fixed in clinicians/rules; these are a site's.
    confirmation_hours: int = 72
    sponsored_months: int = 12
    copy_age_limit_hours: int = 18
    control_telephone: str = "111"
    #: Where a virus scanner, clamd, listens: "tcp://host:port" or "unix:///path"; empty: no scan of a paper is taken.
    clamd: str = ""
    scan_limit_megabytes: int = 10
    #: Empty: metrics are answered to this machine only.
    metrics_token: str = field(default="", repr=False)
    secure_cookies: bool = False
    testing: bool = False

    @property
    def is_demo(self) -> bool:
        """Made-up people only; every page and sheet says so."""
        return self.mode is Mode.DEMO

    @property
    def scan_limit_bytes(self) -> int:
        """How large the file of a scanned paper may be."""
        return self.scan_limit_megabytes * 1024 * 1024


def load_settings(environ: Env | None = None) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: with the sentence to print.
    """
    env = environ or Env()
    try:
        data_dir = Path(env.str("EPACCS_DATA_DIR", "var")).resolve()
        mode = _mode(env.str("EPACCS_MODE", "demo"))
        settings = Settings(
            database_url=_database_url(env.str("EPACCS_DATABASE_URL", ""), data_dir),
            data_dir=data_dir,
            secret_key=_secret_key(env.str("EPACCS_SECRET_KEY", ""), mode, data_dir),
            mode=mode,
            public_url=env.str("EPACCS_PUBLIC_URL", "http://localhost:5000").rstrip("/"),
            trusted_proxies=_whole_number(env, "EPACCS_TRUSTED_PROXIES", 0),
            restore_generation=_whole_number(env, "EPACCS_RESTORE_GENERATION", 1),
            port=_whole_number(env, "EPACCS_PORT", 5000),
            log_level=env.str("EPACCS_LOG_LEVEL", "INFO").upper(),
            demo_password=env.str("EPACCS_DEMO_PASSWORD", "demonstration-only"),
            session_idle_minutes=_whole_number(env, "EPACCS_SESSION_IDLE_MINUTES", 60),
            session_absolute_hours=_whole_number(env, "EPACCS_SESSION_ABSOLUTE_HOURS", 13),
            sponsored_months=_whole_number(env, "EPACCS_SPONSORED_MONTHS", 12),
            signing_minutes=_whole_number(env, "EPACCS_SIGNING_MINUTES", 15),
            emergency_opens_refused=_yes_or_no(env, "EPACCS_EMERGENCY_OPENS_REFUSED"),
            identity_provider=_identity_provider(env, mode),
            confirmation_hours=_whole_number(env, "EPACCS_CONFIRMATION_HOURS", 72),
            copy_age_limit_hours=_whole_number(env, "EPACCS_COPY_AGE_LIMIT_HOURS", 18),
            control_telephone=env.str("EPACCS_CONTROL_TELEPHONE", "111"),
            clamd=_clamd(env.str("EPACCS_CLAMD", "")),
            scan_limit_megabytes=_whole_number(env, "EPACCS_SCAN_LIMIT_MEGABYTES", 10),
            metrics_token=env.str("EPACCS_METRICS_TOKEN", ""),
            secure_cookies=mode is Mode.LIVE,
        )
    except EnvError as error:
        raise SettingsError(f"A setting cannot be read: {error}. Set it to a value of that kind.") from error
    _check(settings, proxies_named="EPACCS_TRUSTED_PROXIES" in _environment_names())
    return settings


def _whole_number(env: Env, name: str, default: int) -> int:
    try:
        return int(env.int(name, default))
    except EnvError as error:
        raise SettingsError(f"{name} is not a whole number. Set it to one, or leave it out for {default}.") from error


def _yes_or_no(env: Env, name: str) -> bool:
    """A decision that is made on purpose, in so many words; left out: no."""
    said = str(env.str(name, "no")).strip().lower()
    if said not in {"yes", "no"}:
        raise SettingsError(f"{name} is {said!r}. Set it to yes or no.")
    return said == "yes"


def _environment_names() -> frozenset[str]:
    import os

    return frozenset(os.environ)


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError(f"EPACCS_MODE is {text!r}. Set it to demo or live.") from None


def _database_url(text: str, data_dir: Path) -> str:
    """The address of the database; none given: SQLite beside the other data."""
    if not text:
        return f"sqlite:///{data_dir / 'epaccs.sqlite3'}"
    if text.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + text.split("://", 1)[1]
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise SettingsError("EPACCS_DATABASE_URL names no database known here. Set it to postgresql://… or sqlite:///….")


def _clamd(text: str) -> str:
    """Where the virus scanner listens; none given: no scan of a paper is taken."""
    parts = urlsplit(text)
    try:
        is_known = not text or (parts.scheme == "unix" and parts.path) or (parts.scheme == "tcp" and parts.port)
    except ValueError:
        is_known = False
    if not is_known:
        raise SettingsError("EPACCS_CLAMD names no virus scanner. Set it to tcp://host:port or unix:///path of clamd.")
    return text


def _identity_provider(env: Env, mode: Mode) -> IdentityProvider | None:
    """Who else says who somebody is; no issuer given: nobody."""
    issuer = env.str("EPACCS_OIDC_ISSUER", "")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    is_here = mode is Mode.DEMO and parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or parts.scheme not in ({"http", "https"} if is_here else {"https"}):
        raise SettingsError(
            "EPACCS_OIDC_ISSUER must start with https://. Set it as the identity provider names itself."
        )
    client_id, client_secret = env.str("EPACCS_OIDC_CLIENT_ID", ""), env.str("EPACCS_OIDC_CLIENT_SECRET", "")
    if not client_id or not client_secret:
        raise SettingsError("Set EPACCS_OIDC_CLIENT_ID and EPACCS_OIDC_CLIENT_SECRET too, as the provider gave them.")
    return IdentityProvider(
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        name=env.str("EPACCS_OIDC_NAME", "your organisation's sign-in"),
        roles_claim=env.str("EPACCS_OIDC_ROLES_CLAIM", "epaccs_roles"),
        number_claim=env.str("EPACCS_OIDC_NUMBER_CLAIM", ""),
    )


def _secret_key(text: str, mode: Mode, data_dir: Path) -> str:
    """The key from which all others come; a demonstration makes its own once and keeps it with its data."""
    if text:
        return text
    if mode is Mode.LIVE:
        raise SettingsError("EPACCS_SECRET_KEY is not set. Set it to at least 32 random characters and keep it safe.")
    kept = data_dir / "secret-key"
    if not kept.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text().strip()


def _check(settings: Settings, *, proxies_named: bool) -> None:
    if settings.restore_generation < 1:
        raise SettingsError("EPACCS_RESTORE_GENERATION must be 1 or more. Raise it by one at every restore.")
    if not 1 <= settings.signing_minutes <= 60:
        raise SettingsError("EPACCS_SIGNING_MINUTES must be from 1 to 60.")
    if not 1 <= settings.scan_limit_megabytes <= SCAN_LIMIT_MEGABYTES:
        raise SettingsError(f"EPACCS_SCAN_LIMIT_MEGABYTES must be from 1 to {SCAN_LIMIT_MEGABYTES}.")
    if not 1 <= settings.sponsored_months <= SPONSORED_MONTHS_LIMIT:
        raise SettingsError(f"EPACCS_SPONSORED_MONTHS must be from 1 to {SPONSORED_MONTHS_LIMIT}.")
    if not settings.is_demo:
        _check_live(settings, proxies_named=proxies_named)


def _check_live(settings: Settings, *, proxies_named: bool) -> None:
    if len(settings.secret_key) < 32:
        raise SettingsError("EPACCS_SECRET_KEY is too short. Set it to at least 32 random characters.")
    if urlsplit(settings.public_url).scheme != "https":
        raise SettingsError("EPACCS_PUBLIC_URL must start with https:// where real people are on the register.")
    if not proxies_named:
        raise SettingsError("EPACCS_TRUSTED_PROXIES is not set. Set it to the number of proxies in front (0 if none).")
