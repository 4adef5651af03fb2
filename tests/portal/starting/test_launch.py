"""What a command on this checkout sees, before Django starts."""

import stat

import pytest

from portal.starting import embedded_redis, launch


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def environment_of(command, checkout, **given):
    environment = dict(given)
    launch.prepare_environment(command, environment, checkout)
    return environment


def test_up_on_a_fresh_checkout_is_the_demo_with_a_secret_of_its_own(checkout):
    seen = environment_of("up", checkout)

    assert seen["DEMO"] == "yes"
    assert seen["CURFEW_ENV"] == "demo"
    assert len(seen["SECRET_KEY"]) >= 50
    assert seen["REDIS_URL"] == embedded_redis.url((checkout / ".data").resolve())


def test_the_demo_keeps_its_secret(checkout):
    first = environment_of("up", checkout)
    second = environment_of("up", checkout)

    assert first["SECRET_KEY"] == second["SECRET_KEY"]


def test_what_is_written_can_be_read_by_this_user_only(checkout):
    environment_of("up", checkout)

    assert stat.S_IMODE((checkout / ".data" / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((checkout / ".data").stat().st_mode) == 0o700


def test_every_command_but_up_leaves_the_demo_off(checkout):
    assert environment_of("migrate", checkout) == {}


def test_a_second_terminal_sees_what_up_runs_with(checkout):
    seen_by_up = environment_of("up", checkout) | {"PORT": "8007"}
    launch.remember_start(seen_by_up, (checkout / ".data").resolve())

    seen = environment_of("revoke", checkout)

    assert seen == {
        name: seen_by_up[name]
        for name in ("CURFEW_ENV", "DEMO", "REDIS_URL", "BROKER_URL", "PORT", "SECRET_KEY")
    }


def test_a_secret_key_in_the_environment_keeps_the_demo_off(checkout):
    seen = environment_of("up", checkout, SECRET_KEY="s", CURFEW_ENV="prod")

    assert "DEMO" not in seen
    assert not (checkout / ".data").exists()


def test_a_secret_key_file_keeps_the_demo_off_too(checkout):
    assert "DEMO" not in environment_of("up", checkout, SECRET_KEY_FILE="/run/secrets/key")


def test_a_settings_file_counts_as_exported_and_keeps_the_demo_off(checkout):
    (checkout / ".env").write_text("CURFEW_ENV=prod\nSECRET_KEY=from-the-file\n")

    seen = environment_of("up", checkout)

    assert (seen["CURFEW_ENV"], seen["SECRET_KEY"]) == ("prod", "from-the-file")
    assert "DEMO" not in seen


def test_a_settings_file_may_switch_the_demo_on(checkout):
    (checkout / ".env").write_text("DEMO=yes\nSECRET_KEY=s\n")

    assert environment_of("up", checkout)["DEMO"] == "yes"


def test_the_real_environment_goes_before_the_settings_file(checkout):
    (checkout / ".env").write_text("PORT=9000\n")

    assert environment_of("up", checkout, PORT="9001")["PORT"] == "9001"


def test_redis_url_always_wins_over_the_embedded_server(checkout):
    seen = environment_of("up", checkout, REDIS_URL="redis://elsewhere:6379/0")

    assert seen["REDIS_URL"] == "redis://elsewhere:6379/0"


def test_a_redis_url_in_a_file_wins_over_the_embedded_server(checkout):
    assert "REDIS_URL" not in environment_of("up", checkout, REDIS_URL_FILE="/run/secrets/redis")


def test_a_configured_installation_learns_where_its_embedded_server_is(checkout):
    settings = {"SECRET_KEY": "s", "CURFEW_ENV": "prod"}
    seen_by_up = environment_of("up", checkout, **settings)
    launch.remember_start(seen_by_up, (checkout / ".data").resolve())

    assert environment_of("revoke", checkout, **settings)["REDIS_URL"] == seen_by_up["REDIS_URL"]


def test_a_configured_installation_never_writes_into_the_demos_server(checkout):
    launch.remember_start(environment_of("up", checkout), (checkout / ".data").resolve())

    assert "REDIS_URL" not in environment_of("revoke", checkout, SECRET_KEY="s", CURFEW_ENV="prod")


def test_no_secret_of_an_installation_is_remembered(checkout):
    folder = (checkout / ".data").resolve()
    given = {
        "SECRET_KEY": "s",
        "CURFEW_ENV": "prod",
        "DATABASE_URL": "postgres://u:p@h/d",
        "REDIS_URL": "redis://:p@h",
        "BROKER_URL": "redis://:q@other",
    }

    launch.remember_start(environment_of("up", checkout, **given), folder)

    assert launch.read_settings(launch.running_file(folder)) == {"CURFEW_ENV": "prod"}


def test_a_child_of_a_test_never_sees_the_demo_that_runs_here(checkout):
    launch.remember_start(environment_of("up", checkout), (checkout / ".data").resolve())

    assert environment_of("revoke", checkout, PYTEST_VERSION="9") == {"PYTEST_VERSION": "9"}


def test_settings_files_may_have_comments_quotes_and_export(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# a comment\n\nexport A=1\nB = 'two words'\nC=\"x=y\"\nD=\n")

    assert launch.read_settings(path) == {"A": "1", "B": "two words", "C": "x=y", "D": ""}


def test_a_line_that_is_no_setting_is_named_by_its_number_and_not_shown(tmp_path):
    path = tmp_path / ".env"
    path.write_text("A=1\nhunter2\n")

    with pytest.raises(launch.UnreadableSettings, match="line 2") as raised:
        launch.read_settings(path)

    assert "hunter2" not in str(raised.value)


def test_the_launcher_and_the_settings_agree_where_the_data_lies(settings):
    assert launch.BASE_DIR == settings.BASE_DIR
