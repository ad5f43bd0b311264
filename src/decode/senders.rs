//! The table of senders, in the order in which they are asked.

use super::{Form, Sender, auditbeat, auditd, falco, laurel, tetragon, unified_audit_log};

/// Every sender whose lines are understood.
pub static SENDERS: &[Sender] = &[
    Sender {
        name: "unified-audit-log",
        about: "Microsoft 365 unified audit log (Office 365 Management API)",
        markers: &["AzureActiveDirectory"],
        form: Form::Object(unified_audit_log::decode),
    },
    Sender {
        name: "auditd",
        about: "auditd's log, raw or enriched, and the stream of its plugins",
        markers: &["msg=audit("],
        form: Form::Text(auditd::decode),
    },
    Sender {
        name: "laurel",
        about: "Laurel, auditd's events as JSON",
        markers: &["SYSCALL"],
        form: Form::Object(laurel::decode),
    },
    Sender {
        name: "auditbeat",
        about: "Auditbeat and Elastic Defend (Elastic Common Schema)",
        markers: &["auditd", "endpoint.events"],
        form: Form::Object(auditbeat::decode),
    },
    Sender {
        name: "falco",
        about: "Falco with json_output",
        markers: &["output_fields"],
        form: Form::Object(falco::decode),
    },
    Sender {
        name: "tetragon",
        about: "Tetragon's JSON export",
        markers: &["process_exec", "process_kprobe", "exec_id"],
        form: Form::Object(tetragon::decode),
    },
];
