//! The table of senders, in the order in which they are asked.

use super::{Form, Sender, unified_audit_log};

/// Every sender whose lines are understood.
pub static SENDERS: &[Sender] = &[Sender {
    name: "unified-audit-log",
    about: "Microsoft 365 unified audit log (Office 365 Management API)",
    markers: &["AzureActiveDirectory"],
    form: Form::Object(unified_audit_log::decode),
}];
