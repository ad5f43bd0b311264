//! What a run says on standard error: as text or JSON, now and then a summary, and a bar on a terminal.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value as Json;

use crate::records::{flat, input, network};
use crate::tap::{self, kqltap, run};

fn matching() -> Json {
    flat("DeviceNetworkEvents", &network(1, "http://169.254.169.254/metadata/identity/oauth2/token", "curl"))
}

/// Lines of standard error, each of which must be an object with what every one has.
fn objects(err: &str) -> Vec<Json> {
    err.lines()
        .map(|line| {
            let object: Json = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            assert!(object["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
            assert!(["info", "warn", "error"].contains(&object["level"].as_str().unwrap()), "{line}");
            assert!(!object["message"].as_str().unwrap().starts_with("kqltap"), "{line}");
            object
        })
        .collect()
}

#[test]
fn in_json_each_line_is_an_object_with_its_fields() {
    let input = [&input(&[matching()])[..], b"{\"broken\":\n"].concat();
    let ran = run(["run", "--log-format", "json", "/nowhere/x.ndjson", "-"], input.clone()).ended(1);
    let said = objects(&ran.err);
    let of = |at: usize| (said[at]["level"].as_str().unwrap(), said[at]["message"].as_str().unwrap());
    assert_eq!(said.len(), 3, "{}", ran.err);
    assert_eq!((of(0).0, &said[0]["input"]), ("error", &Json::from("/nowhere/x.ndjson")));
    assert!(of(0).1.starts_with("cannot read /nowhere/x.ndjson: "), "{}", ran.err);
    assert_eq!((of(1).0, &said[1]["input"], &said[1]["line"]), ("warn", &Json::from("-"), &Json::from(2)));
    assert_eq!((of(2).0, &said[2]["ledger"]["malformed"]), ("info", &Json::from(1)));
    assert_eq!(said[2]["ledger"]["balanced"], true);
    // Text has the same in its own form, and JSON is asked for by a variable as well.
    let text = run(["run", "/nowhere/x.ndjson", "-"], input).ended(1).err;
    assert!(text.lines().next().unwrap().starts_with("kqltap: cannot read /nowhere/x.ndjson: "), "{text}");
    assert!(text.lines().nth(1).unwrap().starts_with("kqltap: -:2: malformed line: "), "{text}");
    let ran = tap::Ran::new(kqltap(["run", "--lookback=apply"]).env("KQLTAP_LOG_FORMAT", "json").write_stdin(""));
    assert_eq!(objects(&ran.ended(0).err).len(), 1);
}

#[test]
fn in_json_a_mistake_in_a_rule_has_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("wrong.kql");
    std::fs::write(&rule, "DeviceFileEvents\n| where FileName = 'a'").unwrap();
    let rule = rule.to_str().unwrap();
    let said = objects(&run(["run", "--rules", rule, "--log-format", "json"], "").ended(2).err);
    let place = |object: &Json| (object["line"].as_u64().unwrap(), object["column"].as_u64().unwrap());
    assert_eq!((&said[0]["rule"], place(&said[0])), (&Json::from(rule), (2, 18)));
    assert_eq!((&said[0]["code"], &said[0]["level"]), (&Json::from("KS002"), &Json::from("error")));
    // Settings that cannot be used are said in the form that those who go before them want.
    for flags in
        [&["run", "--log-format", "json", "--now", "soon"][..], &["run", "--log-format=json", "--config", "/no"]]
    {
        assert_eq!(objects(&run(flags.iter().copied(), "").ended(2).err)[0]["level"], "error");
    }
}

#[test]
fn now_and_then_the_ledger_so_far_is_shown() {
    for (stats, begin) in
        [("json", "{\"so_far\":true,\"lines\":2,"), ("text", "kqltap: so far 2 alerts from 2 records")]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kqltap"));
        tap::settings_around().for_each(|name| {
            child.env_remove(name);
        });
        child.args(["run", "--stats", stats, "--stats-interval", "10ms"]);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&input(&[matching(), matching()])).unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // Earlier ones have fewer lines.
        lines.find(|line| line.starts_with(begin)).unwrap();
        drop(stdin);
        let last = lines.last().unwrap();
        assert!(!last.contains("so far") && !last.contains("so_far"), "the last one is the ledger: {last}");
        assert!(child.wait().unwrap().success());
    }
    let silent = run(["run", "--stats=off", "--stats-interval=1ms"], input(&vec![matching(); 2000])).ended(0);
    assert_eq!(silent.err, "");
}

/// A run whose standard error is a terminal: all that the terminal was sent.
fn on_terminal(arguments: &[&str], stdout: Stdio) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let path = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let end = File::options().read(true).write(true).open(path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
    tap::settings_around().for_each(|name| {
        command.env_remove(name);
    });
    command.args(arguments).env("TERM", "xterm").env_remove("NO_COLOR");
    let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(end).spawn().unwrap();
    // Its own copy of the other end goes with it.
    drop(command);
    let mut sent = Vec::new();
    let mut terminal = File::from(terminal);
    let mut some = [0; 4096];
    // On Linux a terminal whose other end has gone gives an error.
    while let Ok(read @ 1..) = terminal.read(&mut some) {
        sent.extend(&some[..read]);
    }
    assert!(child.wait().unwrap().success(), "{}", String::from_utf8_lossy(&sent));
    String::from_utf8(sent).unwrap()
}

/// What stands on the screen in the end: enough of a terminal for a bar of one line.
fn screen(sent: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0, 0);
    let mut characters = sent.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                lines.resize(lines.len().max(row + 1), Vec::new());
            }
            '\u{1b}' => {
                characters.next_if_eq(&'[');
                let mut code = String::new();
                while let Some(next) = characters.next_if(|c| c.is_ascii_digit() || *c == ';' || *c == '?') {
                    code.push(next);
                }
                let count = code.parse().unwrap_or(1);
                match characters.next() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('K') => lines[row].clear(),
                    Some('J') => lines.iter_mut().skip(row).for_each(Vec::clear),
                    _ => {}
                }
            }
            character => {
                if lines[row].len() <= column {
                    lines[row].resize(column + 1, ' ');
                }
                lines[row][column] = character;
                column += 1;
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn on_a_terminal_a_bar_is_seen_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.ndjson");
    let path = path.to_str().unwrap();
    std::fs::write(path, [&input(&vec![matching(); 500])[..], b"{\"broken\":\n"].concat()).unwrap();
    let sent = on_terminal(&["run", path], Stdio::null());
    assert!(sent.contains("0 alerts") && sent.contains(" % "), "{sent:?}");
    let shown = screen(&sent);
    assert_eq!(shown.len(), 2, "{shown:?} of {sent:?}");
    assert!(shown[0].starts_with(&format!("kqltap: {path}:501: malformed line: ")), "{shown:?}");
    assert!(shown[1].starts_with("kqltap: 500 alerts from 500 records"), "{shown:?}");
    // Where it would be mixed with something else, or nobody knows how long it takes, there is none.
    let plain = |arguments: &[&str]| {
        let sent = on_terminal(arguments, Stdio::null());
        assert!(!sent.contains(" % "), "{arguments:?}: {sent:?}");
        assert!(!sent.contains("\u{1b}[2K"), "{arguments:?}: {sent:?}");
    };
    plain(&["run", path, "--log-format=json"]);
    plain(&["run", path, "--stats=off"]);
    plain(&["run", path, "--output=/dev/stderr"]);
    plain(&["run", path, "-"]);
}
