//! Lines of auditd's that are generated: files that programs open, connections, programs that start, and as many calls that
//! become no row.

/// In which form records come.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// `log_format = RAW`
    Raw,
    /// `log_format = ENRICHED`
    Enriched,
    /// What plugins read: each event ends with EOE.
    Plugin,
}

/// What enriched records say of the call and of who made it.
const WHO: &str = "\u{1d}ARCH=x86_64 SYSCALL=openat AUID=\"user1\" UID=\"user1\" GID=\"user1\" EUID=\"user1\" SUID=\"user1\" \
                   FSUID=\"user1\" EGID=\"user1\" SGID=\"user1\" FSGID=\"user1\"";

/// What they say of a path.
const OWNER: &str = "\u{1d}OUID=\"root\" OGID=\"root\"";

/// About that many bytes of records, whole events.
pub(crate) fn records(form: Form, bytes: usize) -> String {
    let mut lines = String::new();
    for serial in 1u64.. {
        if lines.len() >= bytes {
            break;
        }
        let stamp = format!("audit({}.{:03}:{serial})", 1_795_507_200 + serial / 1_000, serial % 1_000);
        let who = format!(
            "ppid=5826 pid={} auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=(none) ses=3",
            4_000 + serial % 999
        );
        let (call, rest): (&str, Vec<String>) = match serial % 8 {
            0 => (
                "arch=c000003e syscall=42 success=no exit=-115 a0=5 a1=558c524d1ed8 a2=10 a3=7ffd36cb88b4 items=0",
                vec!["SOCKADDR saddr=020001BBC63364010000000000000000".to_owned()],
            ),
            1 => (
                "arch=c000003e syscall=59 success=yes exit=0 a0=556ce8413030 a1=556ce84116f0 a2=556ce8412970 a3=8 items=2",
                vec![
                    format!("EXECVE argc=3 a0=\"cat\" a1=\"-n\" a2=\"/srv/app/data.{serial}\""),
                    "CWD cwd=\"/srv/app\"".to_owned(),
                    path(0, "/usr/bin/cat"),
                    path(1, "/lib64/ld-linux-x86-64.so.2"),
                ],
            ),
            2 | 3 => (
                "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7fff2ef08a95 a2=0 a3=0 items=1",
                vec!["CWD cwd=\"/srv/app\"".to_owned(), path(0, &format!("data.{serial}"))],
            ),
            // `sendto`, of which no table has a row.
            4 | 5 => (
                "arch=c000003e syscall=44 success=yes exit=60 a0=3 a1=7ffd7f3580f0 a2=3c a3=0 items=0",
                vec!["SOCKADDR saddr=100000000000000000000000".to_owned()],
            ),
            // An `openat` that was denied.
            _ => (
                "arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7fff2ef08a95 a2=0 a3=0 items=1",
                vec!["CWD cwd=\"/srv/app\"".to_owned(), path(0, "/root/secret")],
            ),
        };
        let is_enriched = form == Form::Enriched;
        let meaning = if is_enriched { WHO } else { "" };
        lines.push_str(&format!(
            "type=SYSCALL msg={stamp}: {call} {who} comm=\"cat\" exe=\"/usr/bin/cat\" key=\"watch\"{meaning}\n"
        ));
        for record in rest.iter().map(String::as_str).chain(["PROCTITLE proctitle=636174002F7372762F617070"]) {
            let (kind, fields) = record.split_once(' ').unwrap_or((record, ""));
            let meaning = if is_enriched && kind == "PATH" { OWNER } else { "" };
            lines.push_str(&format!("type={kind} msg={stamp}: {fields}{meaning}\n"));
        }
        if form == Form::Plugin {
            lines.push_str(&format!("type=EOE msg={stamp}: \n"));
        }
    }
    lines
}

fn path(item: usize, name: &str) -> String {
    format!(
        "PATH item={item} name=\"{name}\" inode=9805829 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
    )
}
