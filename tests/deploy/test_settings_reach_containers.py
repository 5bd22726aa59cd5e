"""Every setting that is documented is read, every one that is read is documented, and each reaches the containers."""

import pytest

from tests.deploy import compose, settings_lists

COMPOSE = settings_lists.COMPOSE_FILE.read_text()
PONDERS = ["web", "worker", "beat", "migrate"]
# The stack's own parts, which it knows better than its operator.
FIXED = {"DATABASE_URL", "REDIS_URL", "DATA_DIR", "PONDER_GGUF_URL"}
FIXED |= {f"DEMO_{name}_URL" for name in ("INTERN", "THINKER", "EXPERT", "WRITER")}
# Of the stack's own making: one proxy stands in front of the web server in every installation.
FIXED |= {"PONDER_BEHIND_PROXY"}
PASSWORD = {"POSTGRES_PASSWORD": "letters"}
EVERY_NAME = [name for name in settings_lists.passed_on() if name not in FIXED]


def services(*, shell=None, dotenv=None):
    """Return the services as the shell's variables and a file .env make them."""
    files = {} if dotenv is None else {".env": "\n".join(f"{name}={value}" for name, value in dotenv.items())}
    return compose.resolve(COMPOSE, shell=shell or {}, files=files)


def test_documents_name_what_the_code_reads():
    """docs/settings.md lists each setting that is read, and none that is not."""
    assert sorted(set(settings_lists.documented())) == sorted(settings_lists.read_by_code())
    assert len(settings_lists.documented()) == len(set(settings_lists.documented()))


def test_every_provider_key_is_documented():
    """The providers that the price list knows are configured by documented variables."""
    assert set(settings_lists.provider_variables()) <= set(settings_lists.documented())


@pytest.mark.parametrize("source", ["shell", "dotenv"])
@pytest.mark.parametrize("service", PONDERS)
def test_every_setting_reaches_the_containers(source, service):
    """What the operator exports, or writes into .env, is what the containers get; also in its `_FILE` form."""
    given = {name: f"value-of-{name}" for name in EVERY_NAME}
    found = services(**{source: given | PASSWORD})[service]["environment"]
    assert {name: found.get(name) for name in EVERY_NAME} == given


@pytest.mark.parametrize("service", PONDERS)
def test_what_is_not_set_is_not_passed(service):
    """A setting that nobody sets keeps the default of the code: an empty value would be another thing."""
    found = services(shell=PASSWORD)[service]["environment"]
    assert set(found) >= FIXED
    assert all(found.values())
    assert set(found) <= FIXED | {"PONDER_BASE_URL", "ALLOWED_HOSTS"}


def test_the_shell_wins_over_dotenv():
    """A name that stands in both has the shell's value, as `docker compose` has it."""
    found = services(shell={"TIME_ZONE": "Asia/Tokyo"}, dotenv=PASSWORD | {"TIME_ZONE": "UTC"})
    assert found["web"]["environment"]["TIME_ZONE"] == "Asia/Tokyo"


def test_the_stack_knows_its_own_addresses():
    """Nothing in .env leads the containers to another data directory or another proxy's rules."""
    found = services(dotenv=PASSWORD | dict.fromkeys(FIXED, "elsewhere"))
    for service in PONDERS:
        assert "elsewhere" not in {found[service]["environment"][name] for name in FIXED}


def test_a_name_of_no_list_reaches_the_containers_from_dotenv():
    """A variable of a library, such as a proxy for calls to providers, may stand in .env."""
    found = services(dotenv=PASSWORD | {"HTTPS_PROXY": "http://proxy:3128"})
    assert found["worker"]["environment"]["HTTPS_PROXY"] == "http://proxy:3128"


@pytest.mark.parametrize(
    "service",
    [
        "demo-intern", "demo-thinker", "demo-expert", "demo-writer", "demo-local", "proxy", "redis", "postgres",
        "sandbox",
    ],
)  # fmt: skip
def test_no_key_reaches_those_who_need_none(service):
    """Neither the demo models nor the proxy nor the stores get a key, nor who runs untrusted programs."""
    given = dict.fromkeys(settings_lists.passed_on(), "secret")
    found = services(shell=PASSWORD | given, dotenv=given)[service]["environment"]
    given = {name for name, value in found.items() if value == "secret"}
    assert given <= ({"LOG_LEVEL", "PONDER_RUN_CODE", "PONDER_PROGRAMS_AT_ONCE"} & set(found))


def test_a_missing_password_is_named():
    """Without POSTGRES_PASSWORD nothing starts, and the message says what to set."""
    with pytest.raises(compose.ComposeError, match=r"POSTGRES_PASSWORD: set it in \.env"):
        services()


def test_secrets_lie_where_the_containers_read_them():
    """Files in ./secrets are readable in the containers of Ponder, under the path that the documents name."""
    found = services(shell=PASSWORD)
    for service in PONDERS:
        assert "./secrets:/run/secrets:ro" in found[service]["volumes"]
    assert "/secrets/" in (settings_lists.ROOT / ".gitignore").read_text().splitlines()


def test_the_list_of_the_compose_file_is_that_of_the_documents():
    """`python -m tests.deploy.settings_lists` writes it anew."""
    assert settings_lists.written_block() == settings_lists.compose_block()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A:-x}", "x"), ("${A-x}", ""), ("${B-x}", "x"), ("${C:+y}${A:+n}", "y"), ("$C$$C", "c$C"),
        ("${B:-${C:-z}}", "c"), ("${A+set}", "set"), ("${C?never}", "c"),
    ],
)  # fmt: skip
def test_variables_are_replaced_as_compose_does(text, result):
    """Each form of a variable gives what the reference says, for an empty, a missing and a set one."""
    assert compose.interpolate(text, {"A": "", "C": "c"}) == result


def test_env_files_are_read_as_compose_does():
    """Comments, quotes and references mean what the reference says."""
    text = "# no\nexport A=1 # one\nB='$A'\nC=\"${A}#2\"\nD=x#y\nE=\nnonsense\n"
    assert compose.read_env_file(text, {}) == {"A": "1", "B": "$A", "C": "1#2", "D": "x#y", "E": ""}
