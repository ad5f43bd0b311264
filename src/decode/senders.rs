//! The table of senders, in the order in which they are asked.
//!
//! No real line is of the form of two of them. So the order is one of cost: whoever is asked late pays for the search for all
//! the markers before, which was a tenth of what a line of Laurel's took (measured). Those of Windows have theirs near the
//! start.

use super::windows::{self, azure_diagnostics, event_xml, evtx, log_analytics, nxlog, winevtlog, winlogbeat};
use super::{Form, Sender, auditbeat, auditd, falco, laurel, tetragon, unified_audit_log};

/// Every sender whose lines are understood.
pub static SENDERS: &[Sender] = &[
    Sender {
        name: "laurel",
        about: "Laurel, auditd's events as JSON",
        markers: &["SYSCALL"],
        form: Form::Object(laurel::decode),
    },
    Sender {
        name: "unified-audit-log",
        about: "Microsoft 365 unified audit log (Office 365 Management API)",
        markers: &["AzureActiveDirectory"],
        form: Form::Object(unified_audit_log::decode),
    },
    Sender {
        name: "winlogbeat",
        about: "Winlogbeat and Elastic Agent: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(winlogbeat::decode),
    },
    Sender {
        name: "nxlog",
        about: "NXLog im_msvistalog: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(nxlog::decode),
    },
    Sender {
        name: "log-analytics-windows",
        about: "Log Analytics WindowsEvent, Event and SecurityEvent: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(log_analytics::decode),
    },
    Sender {
        name: "azure-diagnostics-windows",
        about: "Azure diagnostics extension, WindowsEventLogsTable: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(azure_diagnostics::decode),
    },
    Sender {
        name: "evtx-json",
        about: "evtx_dump and other log files as JSON: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(evtx::decode),
    },
    Sender {
        name: "fluent-bit-winevtlog",
        about: "Fluent Bit winevtlog: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object(winevtlog::decode),
    },
    Sender {
        name: "sysmon-linux",
        about: "Sysmon for Linux: XML behind a syslog header",
        markers: windows::MARKERS,
        form: Form::Text(event_xml::decode_linux),
    },
    Sender {
        name: "windows-event-xml",
        about: "Windows events as XML lines: event forwarding, Splunk's XmlWinEventLog",
        markers: windows::MARKERS,
        form: Form::Text(event_xml::decode),
    },
    Sender {
        name: "auditd",
        about: "auditd's log, raw or enriched, and the stream of its plugins",
        markers: &["msg=audit("],
        form: Form::Text(auditd::decode),
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
        markers: &["process_"],
        form: Form::Object(tetragon::decode),
    },
];
