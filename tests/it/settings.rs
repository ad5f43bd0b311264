//! `kqltap config`, and settings that cannot be used.

use crate::tap::{self, kqltap, run};

#[test]
fn config_shows_every_setting_and_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "# mine\ntls_cert = '/etc/cert.pem'\ntls_key = '/etc/key.pem'\nstats = 'json'\n").unwrap();
    let path = file.to_str().unwrap();
    let arguments = ["config", "--config", path, "--stats=off", "--table-schema=config/tables", "-"];
    let ran = tap::Ran::new(kqltap(arguments).env("KQLTAP_LOOKBACK", "apply").env("KQLTAP_STATS", "text")).ended(0);
    let line = |name: &str| {
        let found = ran.text().lines().find(|line| line.starts_with(&format!("{name} = ")));
        found.unwrap_or_else(|| panic!("no {name}: {}", ran.text())).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("emit"), "emit = \"alerts\" # default");
    assert_eq!(line("tls_key"), format!("tls_key = \"/etc/key.pem\" # {path}:3"));
    assert_eq!(line("lookback"), "lookback = \"apply\" # KQLTAP_LOOKBACK");
    assert_eq!(line("stats"), "stats = \"off\" # --stats", "a flag goes before the environment, that before the file");
    assert_eq!(line("table_schemas"), "table_schemas = [\"config/tables\"] # --table-schema");
    // It is a file of settings, which gives the same again.
    let again = folder.path().join("again.toml");
    std::fs::write(&again, ran.text()).unwrap();
    let values = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
    let second = run(["config", "--config", again.to_str().unwrap()], "").ended(0);
    assert_eq!(values(second.text()), values(ran.text()));
}

#[test]
fn a_setting_that_is_not_known_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "strict = true\nmax_line_byte = 4096\n").unwrap();
    let path = file.to_str().unwrap();
    let said = format!("kqltap: {path}: line 2: there is no setting 'max_line_byte'; did you mean 'max_line_bytes'?\n");
    for command in ["run", "config"] {
        assert_eq!(run([command, "--config", path], "").ended(2).err, said);
    }
    let ran = tap::Ran::new(kqltap(["config"]).env("KQLTAP_WORKER", "2").env("KQLTAP_SERVICE_HOST", "x")).ended(0);
    assert_eq!(
        ran.err,
        "kqltap: KQLTAP_WORKER in the environment is not a setting; it is left out; did you mean KQLTAP_WORKERS?\n"
    );
}

#[test]
fn a_value_that_does_not_do_is_shown_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "\nspool_max = 'much'\nspool = '/s'\noutput = 'unix:/o'\n").unwrap();
    let path = file.to_str().unwrap();
    let ran = run(["config", "--config", path], "").ended(2);
    assert!(ran.text().contains("spool_max = \"much\""), "{}", ran.text());
    assert_eq!(ran.err, format!("kqltap: spool_max = \"much\": it takes a size such as 512MiB or 2GiB ({path}:2)\n"));
    let ran = tap::Ran::new(kqltap(["run"]).env("KQLTAP_STATS_INTERVAL", "60").write_stdin("")).ended(2);
    assert!(ran.err.contains("a time such as 30s") && ran.err.contains("(KQLTAP_STATS_INTERVAL)"), "{}", ran.err);
}
