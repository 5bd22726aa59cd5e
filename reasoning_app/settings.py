"""Django settings. Every setting has a default that works on a laptop; docs/settings.md lists them all.

A variable may also come from a file: `SECRET_KEY_FILE=/run/secrets/key` sets `SECRET_KEY`.
"""

from collections.abc import Callable
from pathlib import Path

import django_stubs_ext
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from billing.prices.local_models import parse_local_models
from billing.prices.setting import parse_prices
from billing.task_queue import task_names as billing_tasks
from files.places import file_storage
from jobs.core import task_names as job_tasks
from reasoning_app import __version__, paths, secret_key
from reasoning_app.environment import SettingsEnv, database_of
from reasoning_app.tool_settings import read_tool_settings
from solver.core.money import MoneyError, parse_usd
from solver.providers.environment import check_base_urls, load_key_files

# Lets annotations such as ModelAdmin[Job] stand where Django's classes are not generic at run time.
django_stubs_ext.monkeypatch()

env = SettingsEnv()

PONDER_VERSION = __version__
BASE_DIR = paths.BASE_DIR
DATA_DIR = paths.data_dir()
RUN_DIR = paths.run_dir(DATA_DIR)


def _setting[T](name: str, read: Callable[[], T], expected: str) -> T:
    """Return `read()`, or fail at start with the setting's name and what to set."""
    try:
        return read()
    except (ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name}: {error}. Expected {expected}.") from error


def _whole(name: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number between two bounds."""
    try:
        value: int = env.int(name, default=default)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ImproperlyConfigured(
            f"{name}: “{env.str(name)}” is not valid. Use a whole number from {low} to {high}."
        )
    return value


def _usd(name: str, *, default: str) -> int:
    """Return an amount of dollars in nano-USD; zero is allowed."""
    try:
        return parse_usd(env.str(name, default=default), name=name, allow_zero=True)
    except MoneyError as error:
        raise ImproperlyConfigured(str(error)) from error


DEBUG = _setting("DEBUG", lambda: env.bool("DEBUG", default=False), "True or False")
SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key.load_or_create(DATA_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PONDER_BASE_URL = env.str("PONDER_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PONDER_BASE_URL])
_behind_proxy = env.bool("PONDER_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _behind_proxy else None
# How many entries at the end of X-Forwarded-For our own proxies wrote; the first of these is the client.
ALLAUTH_TRUSTED_PROXY_COUNT = _whole("PONDER_PROXIES", default=1, low=1, high=10) if _behind_proxy else 0

_https = PONDER_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
# Whoever owns the domain decides whether all of its other hosts promise https as well.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https and env.bool(
    "PONDER_HSTS_SUBDOMAINS", default=False
)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF, "https://checkout.stripe.com"],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

INSTALLED_APPS = [
    "accounts.admin_site.config.PonderAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "reasoning_app",
    "accounts",
    "billing",
    "files",
    "jobs",
]
MIDDLEWARE = [
    "reasoning_app.middleware.health.HealthMiddleware",
    "reasoning_app.middleware.request_size.RequestSizeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "jobs.views.job_page.live.UnchangedMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "reasoning_app.middleware.static_files.StaticFilesMiddleware",
    # Pages; files come compressed from the middleware above.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "reasoning_app.middleware.request_size.UploadMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.viewing.ViewingMiddleware",
    "reasoning_app.middleware.method_not_allowed.MethodNotAllowedMiddleware",
    "reasoning_app.middleware.nul_characters.NulCharactersMiddleware",
]
CSRF_FAILURE_VIEW = "jobs.views.job_form.new.csrf_failure"
ROOT_URLCONF = "reasoning_app.urls"
WSGI_APPLICATION = "reasoning_app.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jobs.views.context.site",
            ],
        },
    },
]

DATABASES = {
    "default": _setting(
        "DATABASE_URL",
        lambda: database_of(env.str("DATABASE_URL", default=paths.default_database_url(DATA_DIR))),
        "postgresql://user:password@host:5432/name",
    ),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default=paths.default_redis_url(DATA_DIR))
CACHES = {
    "default": {
        "BACKEND": "reasoning_app.cache.Cache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
        "VERSION": 2,  # version 1 was pickled
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.sign_in.passwords.GuessablePasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "job-list"
LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]  # no password: who signs up has not proved yet that the address is theirs
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.forms.SignInForm",
    "signup": "accounts.sign_in.forms.SignUpForm",
    "request_login_code": "accounts.sign_in.forms.CodeRequestForm",
}
# Counted by client address, and what concerns one account by both: a stranger must not lock out its owner (SECURITY.md).
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip",
    "reset_password": "20/m/ip",
    "confirm_email": "20/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "mail_to_address": "5/10m/key,30/d/key",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
PASSWORD_RESET_TIMEOUT = 3600
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "accounts.sign_in.passkeys.PasskeyAdapter"
MFA_FORMS = {"add_webauthn": "accounts.sign_in.passkeys.AddPasskeyForm"}
MFA_TOTP_ISSUER = "Ponder"
MFA_TOTP_TOLERANCE = 1  # the code before and the one after: telephones' clocks differ
PONDER_STAFF_MFA = env.str("PONDER_STAFF_MFA", default="required" if _https else "optional")
if PONDER_STAFF_MFA not in {"required", "optional"}:
    raise ImproperlyConfigured(
        f"PONDER_STAFF_MFA: “{PONDER_STAFF_MFA}” is unknown. Use required or optional."
    )
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
PONDER_SIGNUP = env.str("PONDER_SIGNUP", default="open")
if PONDER_SIGNUP not in {"open", "invitation", "closed"}:
    raise ImproperlyConfigured(
        f"PONDER_SIGNUP: “{PONDER_SIGNUP}” is unknown. Use open, invitation or closed."
    )

# Mail: without EMAIL_URL it is written to DATA_DIR/mail as .eml files; superusers read them in the app, but for codes.
EMAIL_URL = env.str("EMAIL_URL", default="")
MAIL_DIR = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Ponder <ponder@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if EMAIL_URL:
    _mail = _setting("EMAIL_URL", lambda: env.email_url("EMAIL_URL"), "smtp+tls://user:password@host:587")
    MAILERS = {
        "default": {
            "BACKEND": _mail["EMAIL_BACKEND"].replace(
                "django.core.mail.backends.smtp.EmailBackend", "jobs.mail.smtp_backend.SmtpBackend"
            ),
            "OPTIONS": {
                "host": _mail["EMAIL_HOST"],
                "port": _mail["EMAIL_PORT"],
                "username": _mail["EMAIL_HOST_USER"],
                "password": _mail["EMAIL_HOST_PASSWORD"],
                "use_tls": _mail.get("EMAIL_USE_TLS", False),
                "use_ssl": _mail.get("EMAIL_USE_SSL", False),
                "timeout": 10,
            },
        },
    }
else:
    MAILERS = {"default": {"BACKEND": "jobs.mail.eml_backend.EmlBackend", "OPTIONS": {}}}

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
_collected = STATIC_ROOT.is_dir()
_static = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if _collected
    else "reasoning_app.middleware.static_files.VersionedStaticFilesStorage"
)
# Files that people attach: in the data directory, or in a bucket.
PONDER_FILES_URL = env.str("PONDER_FILES_URL", default="")
PONDER_FILE_MB = _whole("PONDER_FILE_MB", default=25, low=1, high=1_000)
PONDER_JOB_FILES = _whole("PONDER_JOB_FILES", default=10, low=1, high=100)
PONDER_JOB_FILES_MB = _whole("PONDER_JOB_FILES_MB", default=50, low=1, high=1_000)
PONDER_WORKSPACE_FILES_MB = _whole("PONDER_WORKSPACE_FILES_MB", default=2_000, low=1, high=10_000_000)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "files": _setting(
        "PONDER_FILES_URL",
        lambda: file_storage(PONDER_FILES_URL, directory=DATA_DIR / "files"),
        "s3://KEY_ID:SECRET@BUCKET/PREFIX?endpoint=https://HOST&region=NAME",
    ),
    "staticfiles": {"BACKEND": _static},
}
# Without a collectstatic run the files are served where they lie.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not _collected
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# A form takes one small file, a provider's cost report, which stays in memory, as large as a request may be; files of
# jobs are larger, and come by UPLOAD_PATHS alone (reasoning_app.middleware.request_size).
DATA_UPLOAD_MAX_NUMBER_FILES = PONDER_JOB_FILES
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
UPLOAD_PATHS = {"/jobs/files/"}
SMALL_UPLOAD_PATHS = {"/staff/costs/reconciliation/upload/"}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 15,
}
# A lost message never fails a web request: the sweep wakes a worker again.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_DEFAULT_QUEUE = "jobs"
CELERY_TASK_ROUTES = {
    job_tasks.RUN_PROGRAM: {"queue": job_tasks.SANDBOX_QUEUE},
    job_tasks.SEND_MAIL: {"queue": "mail"},
    job_tasks.DELETE_ACCOUNT_FILES: {"queue": "mail"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": job_tasks.SWEEP, "schedule": 5.0, "options": {"expires": 5}},
    "run-weekly": {"task": job_tasks.RUN_WEEKLY, "schedule": 60.0, "options": {"expires": 60}},
    "send-mail": {"task": job_tasks.SEND_MAIL, "schedule": 10.0, "options": {"expires": 10}},
    "stripe-inbox": {
        "task": billing_tasks.PROCESS_STRIPE_INBOX,
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "pending-top-ups": {
        "task": billing_tasks.ASK_ABOUT_PENDING_TOP_UPS,
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "recharge-wallets": {
        "task": billing_tasks.RECHARGE_WALLETS,
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "stripe-balance": {
        "task": billing_tasks.SYNC_STRIPE_BALANCE,
        "schedule": crontab(minute="37"),
        "options": {"expires": 3000},
    },
    "export-usage": {"task": billing_tasks.EXPORT_USAGE, "schedule": 300.0, "options": {"expires": 300}},
    "send-refunds": {"task": billing_tasks.SEND_REFUNDS, "schedule": 60.0, "options": {"expires": 60}},
    "sum-calls": {"task": billing_tasks.SUM_CALLS, "schedule": 300.0, "options": {"expires": 300}},
    "second-opinions": {
        "task": billing_tasks.GIVE_SECOND_OPINIONS,
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "end-trials": {"task": billing_tasks.END_TRIALS, "schedule": crontab(hour="3", minute="12")},
    "check-prices": {"task": billing_tasks.CHECK_PRICES, "schedule": crontab(hour="3", minute="7")},
    "reconcile": {"task": billing_tasks.RECONCILE, "schedule": crontab(hour="5", minute="17")},
    "delete-account-files": {
        "task": job_tasks.DELETE_ACCOUNT_FILES,
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "audit": {"task": job_tasks.RUN_AUDIT, "schedule": crontab(hour="3", minute="47")},
    "delete-old-texts": {"task": job_tasks.DELETE_OLD_TEXTS, "schedule": crontab(hour="4", minute="23")},
    "learn": {"task": job_tasks.LEARN, "schedule": 15.0, "options": {"expires": 15}},
    "watch-drift": {"task": job_tasks.WATCH_DRIFT, "schedule": crontab(hour="4", minute="43")},
    "delete-unverified": {"task": "accounts.tasks.delete_unverified", "schedule": crontab(minute="29")},
    "delete-unused-files": {"task": job_tasks.DELETE_UNUSED_FILES, "schedule": crontab(minute="37")},
    "clear-sessions": {"task": job_tasks.CLEAR_SESSIONS, "schedule": crontab(hour="3", minute="17")},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# Jobs.
PONDER_LEASE_S = _whole("PONDER_LEASE_S", default=60, low=3, high=3600)
PONDER_DRAIN_S = _whole("PONDER_DRAIN_S", default=30, low=0, high=86_400)
PONDER_JOBS_PER_WORKER = _whole("PONDER_JOBS_PER_WORKER", default=200, low=1, high=2_000)
PONDER_PROGRAMS_AT_ONCE = _whole("PONDER_PROGRAMS_AT_ONCE", default=2, low=1, high=64)
# Mail (jobs.mail.send.SENDERS), the sweep and Stripe's inbox must find a thread even when every job's is taken.
CELERY_WORKER_CONCURRENCY = PONDER_JOBS_PER_WORKER + PONDER_PROGRAMS_AT_ONCE + 8
PONDER_ANSWER_WITHIN_S = _whole("PONDER_ANSWER_WITHIN_S", default=86_400, low=60, high=2_592_000)
PONDER_SLICE_S = _whole("PONDER_SLICE_S", default=300, low=1, high=86_400)
PONDER_MAX_JOBS_PER_USER = _whole("PONDER_MAX_JOBS_PER_USER", default=1_000, low=1, high=1_000_000)
PONDER_RETENTION_DAYS = _whole("PONDER_RETENTION_DAYS", default=0, low=0, high=36_500)  # 0: for ever
PONDER_PAYMENT_DAYS = _whole("PONDER_PAYMENT_DAYS", default=7, low=1, high=365)
PONDER_CALL_TIMEOUT_S = _whole("PONDER_CALL_TIMEOUT_S", default=600, low=1, high=86_400)
PONDER_BACKGROUND_TIMEOUT_S = _whole("PONDER_BACKGROUND_TIMEOUT_S", default=7_200, low=60, high=604_800)
PONDER_CALLS_PER_JOB = _whole("PONDER_CALLS_PER_JOB", default=16, low=1, high=1_000)

# Models: docs/providers.md. litellm reads the providers' keys from the environment itself.
try:
    load_key_files()
    check_base_urls()
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error
PONDER_MODELS = env.list("PONDER_MODELS", default=[])
PONDER_PRICES = env.str("PONDER_PRICES", default="")
PONDER_GGUF_CONTEXT = _whole("PONDER_GGUF_CONTEXT", default=8_192, low=256, high=10_000_000)
PONDER_GGUF_URL = env.str("PONDER_GGUF_URL", default=f"unix:{RUN_DIR}/local.sock")
try:
    parse_prices(PONDER_PRICES)
    PONDER_GGUF = parse_local_models(env.list("PONDER_GGUF", default=[]), most_context=PONDER_GGUF_CONTEXT)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error
PONDER_BACKGROUND_MODELS = env.list("PONDER_BACKGROUND_MODELS", default=[])
for _name in PONDER_BACKGROUND_MODELS:
    if not _name.startswith("openai/"):
        raise ImproperlyConfigured(
            f"PONDER_BACKGROUND_MODELS: “{_name}” has no background mode. Name models of OpenAI's Responses API, such as "
            "openai/gpt-5.4."
        )
PONDER_BATCHES = env.list("PONDER_BATCHES", default=["openai", "anthropic"])
PONDER_RUN_CODE = env.bool("PONDER_RUN_CODE", default=True)
try:
    PONDER_TOOLS = read_tool_settings(env, version=PONDER_VERSION, base_url=PONDER_BASE_URL)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error
DEMO_INTERN_URL = env.str("DEMO_INTERN_URL", default=f"unix:{RUN_DIR}/intern.sock")
DEMO_THINKER_URL = env.str("DEMO_THINKER_URL", default=f"unix:{RUN_DIR}/thinker.sock")
DEMO_WRITER_URL = env.str("DEMO_WRITER_URL", default=f"unix:{RUN_DIR}/writer.sock")
DEMO_EXPERT_URL = env.str("DEMO_EXPERT_URL", default=f"unix:{RUN_DIR}/expert.sock")

# Money.
PONDER_SHARE_LEARNING = env.bool("PONDER_SHARE_LEARNING", default=True)
PONDER_MARKUP_BP = _whole("PONDER_MARKUP_BP", default=0, low=0, high=100_000)  # basis points
PONDER_TRIAL_CREDIT_NANO = _usd("PONDER_TRIAL_CREDIT", default="5.00")
PONDER_OPERATOR_CREDIT_NANO = _usd("PONDER_OPERATOR_CREDIT", default="100.00")
PONDER_TRIAL_DAYS = _whole("PONDER_TRIAL_DAYS", default=0, low=0, high=3_650)
PONDER_TRIALS_PER_DAY = _whole("PONDER_TRIALS_PER_DAY", default=200, low=0, high=1_000_000)
PONDER_TRIALS_PER_DOMAIN = _whole("PONDER_TRIALS_PER_DOMAIN", default=20, low=0, high=1_000_000)
PONDER_TRIAL_SHARED_DOMAINS = frozenset(
    domain.strip().lower()
    for domain in env.list(
        "PONDER_TRIAL_SHARED_DOMAINS",
        default=[
            *("gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "yahoo.com", "aol.com"),
            *("proton.me", "protonmail.com", "gmx.net", "gmx.de", "web.de", "qq.com", "163.com", "yandex.ru"),
        ],
    )
)
PONDER_TRIAL_MODELS = env.str("PONDER_TRIAL_MODELS", default="bundled")
if PONDER_TRIAL_MODELS not in {"bundled", "all"}:
    raise ImproperlyConfigured(
        f"PONDER_TRIAL_MODELS: “{PONDER_TRIAL_MODELS}” is unknown. Use bundled or all."
    )
# Below this confidence an answer is shown as a guess, in percent.
PONDER_RELIABLE_PERCENT = _whole("PONDER_RELIABLE_PERCENT", default=60, low=0, high=99)
PONDER_MAX_BUDGET_NANO = _usd("PONDER_MAX_BUDGET", default="1000.00")
PONDER_HOOKS_INSIDE = env.bool("PONDER_HOOKS_INSIDE", default=False)
PONDER_MAX_HELD_NANO = _usd("PONDER_MAX_HELD", default="10000.00")
# Keys that may read what a provider billed; never those that make calls.
PROVIDER_REPORT_KEYS = {
    "openai": env.str("OPENAI_ADMIN_KEY", default=""),
    "anthropic": env.str("ANTHROPIC_ADMIN_KEY", default=""),
    "openrouter": env.str("OPENROUTER_MANAGEMENT_KEY", default=""),
}
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")
STRIPE_METER_EVENT = env.str("STRIPE_METER_EVENT", default="")
STRIPE_INVOICES = env.bool("STRIPE_INVOICES", default=False)
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", default=False)

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "LiteLLM": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
