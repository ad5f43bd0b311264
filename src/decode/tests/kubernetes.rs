//! Falco and Tetragon.

use super::auditd::{columns, rows};

const NAMES: [&str; 12] = [
    "Type",
    "ActionType",
    "FolderPath",
    "RemoteIP",
    "RemotePort",
    "LocalIP",
    "LocalPort",
    "Protocol",
    "InitiatingProcessFileName",
    "InitiatingProcessCommandLine",
    "ProcessCommandLine",
    "InitiatingProcessAccountName",
];

/// A Falco alert with these fields.
fn falco(fields: &str) -> String {
    format!(
        r#"{{"hostname":"node-1","output":"08:00:00: Notice (file)","output_fields":{{"proc.name":"cat","user.name":"root",{fields}}},"priority":"Notice","rule":"Read sensitive file untrusted","source":"syscall","tags":["T1528"],"time":"2026-11-24T08:00:00.123456789Z"}}"#
    )
}

#[test]
fn falco_says_what_its_rule_says() {
    let read = "DeviceFileEvents | FileRead | /run/secrets/token | cat | root";
    let cases = [
        (r#""fd.name":"/run/secrets/token","evt.type":"openat""#, read),
        (r#""fd.name":"/run/secrets/token","evt.type":"open","evt.is_open_read":true"#, read),
        (r#""fd.name":"/run/secrets/token""#, read),
        (r#""fd.name":"/run/secrets/token","evt.type":"read""#, read),
        (r#""fd.name":"token","evt.type":"openat","proc.cwd":"/run/secrets/""#, read),
        (
            r#""fd.name":"/a","evt.type":"openat","evt.arg.flags":"O_RDONLY|O_CLOEXEC""#,
            "DeviceFileEvents | FileRead | /a | cat | root",
        ),
        (
            r#""fd.name":"/a","evt.type":"openat","evt.arg.flags":"O_RDWR|O_CREAT""#,
            "DeviceFileEvents | FileModified | /a | cat | root",
        ),
        (
            r#""fd.name":"/a","evt.type":"openat","evt.is_open_write":"true""#,
            "DeviceFileEvents | FileModified | /a | cat | root",
        ),
        (
            r#""fd.name":"/a","evt.type":"openat","evt.arg.flags":"O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED""#,
            "DeviceFileEvents | FileCreated | /a | cat | root",
        ),
        (r#""fd.name":"/a","evt.type":"openat","evt.arg.flags":"O_DIRECTORY|O_RDONLY""#, ""),
        (r#""fd.name":"/a","evt.type":"openat","evt.res":"EACCES""#, ""),
        (r#""fd.name":"/a","evt.type":"openat","evt.failed":true"#, ""),
        (r#""fd.name":"<NA>","evt.type":"openat""#, ""),
        (r#""evt.type":"unlinkat","evt.arg.name":"/a""#, "DeviceFileEvents | FileDeleted | /a | cat | root"),
        (r#""fd.name":"10.0.0.5:43210->192.0.2.1:80","evt.type":"read""#, ""),
        (
            r#""fd.name":"10.0.0.5:43210->169.254.169.254:80","evt.type":"connect","evt.res":"EINPROGRESS","fd.l4proto":"tcp""#,
            "DeviceNetworkEvents | ConnectionAttempt | 169.254.169.254 | 80 | 10.0.0.5 | 43210 | tcp | cat | root",
        ),
        (
            r#""fd.name":"fd00::5:43210->fd00:ec2::254:80","evt.type":"connect","evt.res":"SUCCESS""#,
            "DeviceNetworkEvents | ConnectionSuccess | fd00:ec2::254 | 80 | fd00::5 | 43210 | cat | root",
        ),
        (
            r#""fd.sip":"169.254.169.254","fd.sport":80,"evt.type":"connect","evt.res":"ECONNREFUSED""#,
            "DeviceNetworkEvents | ConnectionFailed | 169.254.169.254 | 80 | cat | root",
        ),
        (r#""fd.name":"/run/x.sock","evt.type":"connect""#, ""),
        (
            r#""proc.exepath":"/usr/bin/curl","proc.cmdline":"curl http://169.254.169.254/","evt.type":"execve","proc.pname":"bash""#,
            "DeviceProcessEvents | ProcessCreated | /usr/bin/curl | bash | curl http://169.254.169.254/ | root",
        ),
        // An audit line of Kubernetes' API names a path and no file.
        (r#""ka.uri.param":"/run/secrets/token","evt.type":"ka","ka.verb":"create""#, ""),
        (r#""ka.req.pod.volumes.hostpath":"/run/secrets/token""#, ""),
    ];
    for (fields, wanted) in cases {
        assert_eq!(columns(&rows(falco(fields).as_bytes()), &NAMES).join("\n"), wanted, "{fields}");
    }
    let more = r#""fd.name":"/a","evt.type":"openat","evt.num":7,"proc.pid":12,"proc.ppid":11,"proc.exepath":"/bin/cat","container.id":"abc","k8s.ns.name":"web","k8s.pod.name":"shop-1""#;
    let names = [
        "kqltap_event",
        "Timestamp",
        "DeviceName",
        "InitiatingProcessId",
        "InitiatingProcessParentId",
        "InitiatingProcessFolderPath",
        "AdditionalFields",
    ];
    assert_eq!(
        columns(&rows(falco(more).as_bytes()), &names),
        [
            r#"7 | 2026-11-24T08:00:00.1234567Z | node-1 | 12 | 11 | /bin/cat | {"rule":"Read sensitive file untrusted","container":"abc","namespace":"web","pod":"shop-1"}"#
        ]
    );
}

/// A traced function of Tetragon's with these arguments.
fn traced(function: &str, args: &str) -> String {
    format!(
        r#"{{"process_kprobe":{{"process":{{"exec_id":"bm9kZQ","pid":12,"uid":0,"cwd":"/srv/app","binary":"/usr/bin/cat","arguments":"token","start_time":"2026-11-24T08:00:00Z","auid":4294967295,"pod":{{"namespace":"web","name":"shop-1","container":{{"id":"containerd://abc","name":"shop"}}}}}},"parent":{{"pid":11,"binary":"/bin/sh","arguments":"-c x"}},"function_name":"{function}","args":[{args}],"action":"KPROBE_ACTION_POST","policy_name":"file-monitoring"}},"node_name":"node-1","time":"2026-11-24T08:00:01.5Z"}}"#
    )
}

#[test]
fn tetragon_says_what_its_policy_traces() {
    const FILE: &str = r#"{"file_arg":{"path":"/run/secrets/token","permission":"-rw-r--r--"}}"#;
    let file =
        |action: &str| format!("DeviceFileEvents | {action} | /run/secrets/token | cat | /usr/bin/cat token | 0");
    let with = |more: &str| format!("{FILE},{more}");
    let sock = r#"{"sock_arg":{"family":"AF_INET","type":"SOCK_STREAM","protocol":"IPPROTO_TCP","saddr":"10.0.0.5","daddr":"169.254.169.254","sport":43210,"dport":80}}"#;
    let attempt = "DeviceNetworkEvents | ConnectionAttempt | 169.254.169.254 | 80 | 10.0.0.5 | 43210 | tcp | cat | /usr/bin/cat token | 0";
    let cases = [
        ("security_file_permission", with(r#"{"int_arg":4}"#), file("FileRead")),
        ("security_file_permission", with(r#"{"int_arg":2}"#), file("FileModified")),
        ("security_file_permission", with(r#"{"int_arg":1}"#), String::new()),
        ("security_mmap_file", with(r#"{"uint_arg":1},{"uint_arg":2}"#), file("FileRead")),
        ("security_path_truncate", r#"{"path_arg":{"path":"/run/secrets/token"}}"#.to_owned(), file("FileModified")),
        ("fd_install", format!(r#"{{"int_arg":3}},{FILE}"#), file("FileRead")),
        ("file_open", FILE.to_owned(), file("FileRead")),
        (
            "__x64_sys_openat",
            r#"{"int_arg":-100},{"string_arg":"/run/secrets/token"},{"int_arg":0}"#.to_owned(),
            file("FileRead"),
        ),
        (
            "__x64_sys_openat",
            r#"{"int_arg":-100},{"string_arg":"/run/secrets/token"},{"int_arg":1}"#.to_owned(),
            file("FileModified"),
        ),
        ("sys_open", r#"{"string_arg":"../../run/secrets/token"},{"int_arg":0}"#.to_owned(), file("FileRead")),
        ("security_path_unlink", r#"{"path_arg":{"path":"/run/secrets/token"}}"#.to_owned(), file("FileDeleted")),
        ("tcp_connect", sock.to_owned(), attempt.to_owned()),
        ("tcp_close", sock.to_owned(), String::new()),
        ("security_bprm_check", r#"{"linux_binprm_arg":{"path":"/bin/x"}}"#.to_owned(), String::new()),
        ("tcp_connect", String::new(), String::new()),
    ];
    for (function, args, wanted) in cases {
        assert_eq!(columns(&rows(traced(function, &args).as_bytes()), &NAMES).join("\n"), wanted, "{function} {args}");
    }
    let line = traced("tcp_connect", r#"{"sockaddr_arg":{"family":"AF_INET6","addr":"fd00:ec2::254","port":80}}"#);
    assert_eq!(columns(&rows(line.as_bytes()), &["RemoteIP", "RemotePort"]), ["fd00:ec2::254 | 80"]);
    let denied =
        traced("sys_open", r#"{"string_arg":"/a"}"#).replace(r#""action""#, r#""return":{"int_arg":-13},"action""#);
    assert!(rows(denied.as_bytes()).is_empty());
    let names = [
        "kqltap_event",
        "Timestamp",
        "DeviceName",
        "InitiatingProcessId",
        "InitiatingProcessParentId",
        "InitiatingProcessParentFileName",
        "AdditionalFields",
    ];
    assert_eq!(
        columns(&rows(traced("fd_install", FILE).as_bytes()), &names),
        [
            r#"bm9kZQ:2026-11-24T08:00:01.5Z | 2026-11-24T08:00:01.5000000Z | node-1 | 12 | 11 | sh | {"policy":"file-monitoring","container":"containerd://abc","namespace":"web","pod":"shop-1"}"#
        ]
    );
}

#[test]
fn tetragon_tells_of_programs() {
    let line = r#"{"process_exec":{"process":{"exec_id":"bm9kZQ","pid":12,"uid":1000,"binary":"/usr/bin/curl","arguments":"-s http://169.254.169.254/latest","process_credentials":{"uid_name":"app"}},"parent":{"pid":11,"binary":"/bin/sh"}},"node_name":"node-1","time":"2026-11-24T08:00:01.5Z"}"#;
    assert_eq!(
        columns(&rows(line.as_bytes()), &NAMES),
        [
            "DeviceProcessEvents | ProcessCreated | /usr/bin/curl | sh | /bin/sh | /usr/bin/curl -s http://169.254.169.254/latest | app"
        ]
    );
    let point = r#"{"process_tracepoint":{"process":{"exec_id":"x","binary":"/bin/cat"},"subsys":"syscalls","event":"sys_enter_openat","args":[{"int_arg":-100},{"string_arg":"/a"},{"int_arg":0}]},"node_name":"n","time":"2026-11-24T08:00:01.5Z"}"#;
    assert_eq!(columns(&rows(point.as_bytes()), &["ActionType", "FolderPath"]), ["FileRead | /a"]);
}

#[test]
fn lines_of_kubernetes_that_are_no_senders_stay_so() {
    use super::super::{Choice, Decoded, Decoders};
    let mut decoders = Decoders::new(Choice::Auto, super::auditd::TABLES.map(str::to_owned).to_vec(), 64);
    for line in [
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"create","requestObject":{"spec":{"volumes":[{"hostPath":{"path":"/var/run/secrets/kubernetes.io/serviceaccount/token"}}]}}}"#,
        r#"{"process_exec":"x","node_name":"n"}"#,
        r#"{"output_fields":{"fd.name":"/a"}}"#,
        r#"{"SYSCALL":"x","ID":"1.0:1"}"#,
        r#"{"SYSCALL":{"syscall":257},"ID":"x"}"#,
        r#"{"event":{"module":"auditd2"},"ecs":{}}"#,
    ] {
        assert!(matches!(decoders.decode(line.as_bytes()), Decoded::Nobodys), "{line}");
    }
}
