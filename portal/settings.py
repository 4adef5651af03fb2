"""The only settings file. Everything that differs between installations comes from the environment."""

import sys
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import environment
from portal.broker import are_one_server

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()

# --- What kind of start this is ---------------------------------------------------------------
TESTING = "pytest" in sys.modules
DEMO = environment.flag("DEMO", default=False)
DEBUG = environment.flag("DEBUG", default=False) and DEMO
if TESTING:
    CURFEW_ENV = "test"
elif DEMO:
    CURFEW_ENV = environment.text("CURFEW_ENV", "demo")
else:
    CURFEW_ENV = environment.environment_name()
    if CURFEW_ENV == "demo":
        raise ImproperlyConfigured(
            "CURFEW_ENV is 'demo' but DEMO is off. Name this installation, for example 'prod'."
        )

SECRET_KEY = environment.secret("SECRET_KEY") or ("test-only-secret-key" * 3 if TESTING else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) must be set. `make up` makes one for a demo.")

FIELD_KEYS = environment.secret("FIELD_KEYS").replace(",", " ").split()

# --- Where it is reached ------------------------------------------------------------------------
PORT = environment.number("PORT", 8000)
BASE_URL = environment.text("BASE_URL", f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
TRUSTED_PROXIES = environment.words("TRUSTED_PROXIES")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

INSTALLED_APPS = [
    "portal",
    "sessions_app",
    "audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "auditlog",
    "csp",
    "django_htmx",
    "oauth2_provider",
    "template_partials",
]

MIDDLEWARE = [
    "portal.middleware.RequestIdentity",
    "portal.middleware.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.SignInLeadsOn",
    "portal.middleware.PortalSessionGuard",
    "portal.middleware.SecondFactorRequired",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.static",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.shell",
            ],
        },
    }
]

# --- Background work ------------------------------------------------------------------------------
# A wake-up call for rows in SQL, nothing else: what is lost here is found by the clock.
BROKER_URL = "" if TESTING else environment.secret("BROKER_URL")

# --- The record ---------------------------------------------------------------------------------
_database_url = environment.secret("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'curfew.sqlite3'}"
DATABASES = {"default": environ.Env.db_url_config(_database_url)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE takes the write lock at the start of a transaction, so a decision never
        # fails half-way with "database is locked"; it is also what stands in for row locks.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 3}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "sessions_app.User"
OAUTH2_PROVIDER_APPLICATION_MODEL = "sessions_app.OAuthClient"
OAUTH2_PROVIDER_GRANT_MODEL = "sessions_app.AuthorizationCode"
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": BASE_URL,
    "PKCE_REQUIRED": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
# Ed25519, PEM; without one `audit.signing` makes a key in DATA_DIR.
AUDIT_SIGNING_KEY = environment.secret("AUDIT_SIGNING_KEY")
# Where signed checkpoints leave the database to.
AUDIT_CHECKPOINT_DIR = Path(environment.text("AUDIT_CHECKPOINT_DIR", str(DATA_DIR / "checkpoints")))
# "stdout" or a file: each sealed entry becomes a JSON line there.
AUDIT_LOG = environment.text("AUDIT_LOG")
if AUDIT_LOG and AUDIT_LOG != "stdout" and not Path(AUDIT_LOG).is_absolute():
    raise ImproperlyConfigured("AUDIT_LOG must be 'stdout' or the whole path of a file.")
AUDITLOG_LOGENTRY_MODEL = "audit.AuditEntry"
AUDITLOG_CID_GETTER = "audit.initiators.current_correlation_id"
AUDITLOG_INCLUDE_ALL_MODELS = False

EXPORTS_DIR = DATA_DIR / "exports"
# How the trail, which knows nothing of people's rights and of the broker, reaches both.
EXPORT_COMMISSIONER = "portal.audit_exports.commission_of"
EXPORT_WAKE = "portal.celery.wake" if BROKER_URL else ""

# --- The effect -----------------------------------------------------------------------------------
REDIS_URL = environment.secret("REDIS_URL")
BLACKLIST_PERSISTENCE = environment.text("BLACKLIST_PERSISTENCE", "checked")  # or "asserted"

if are_one_server(BROKER_URL, REDIS_URL):
    raise ImproperlyConfigured(
        "BROKER_URL and REDIS_URL lead to the same server. The blacklist needs one of its own, whatever the database."
    )

# Sign-in, its rate limits and one-time codes survive a dead Redis and are shared by processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        # The default of 300 would let a flood of failures push out what slows others down.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Mail -----------------------------------------------------------------------------------------
# Both or none. The server is named by whoever runs this, so it may have a private address.
MAIL_FROM = environment.text("MAIL_FROM")
MAIL_SERVER = None if TESTING else environment.mail_server("MAIL_URL")
if not TESTING and bool(MAIL_FROM) != bool(MAIL_SERVER):
    raise ImproperlyConfigured("MAIL_FROM and MAIL_URL belong together: set both, or none of them.")

# --- Signing in -----------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["portal.sign_in.SignInBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(timedelta(minutes=10).total_seconds())
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login": "60/m/ip"}
ACCOUNT_FORMS = {"change_password": "portal.password_form.PasswordForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey stands for both factors, so it is only taken with the finger, face or PIN of its owner.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Asking and answering count as one each, for everybody behind one address.
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
MFA_FORMS = {
    "add_webauthn": "portal.passkeys.AddForm",
    "login_webauthn": "portal.passkeys.LoginForm",
    "authenticate_webauthn": "portal.passkeys.AuthenticateForm",
    "reauthenticate_webauthn": "portal.passkeys.ReauthenticateForm",
    "edit_webauthn": "portal.passkeys.EditForm",
}
MFA_TOTP_ISSUER = "Curfew"
MFA_ADAPTER = "portal.sign_in.SecondFactorAdapter"

SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_IDLE_LIMIT = timedelta(minutes=15)
SESSION_COOKIE_NAME = "curfew_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
CSRF_COOKIE_NAME = "curfew_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"

# --- Headers --------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if BASE_URL.startswith("https://") else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
LARGEST_REQUEST_BYTES = 6 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- Texts, times, files --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Where nothing was collected, static files are served from where they lie.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = TESTING or DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "INFO")},
    # It lists every letter of every document it makes a font for.
    "loggers": {"fontTools": {"level": "WARNING"}},
}
