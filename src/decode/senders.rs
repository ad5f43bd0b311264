//! The table of senders, in the order in which they are asked.
//!
//! No real line is of the form of two of them. So the order is one of cost: who is asked late pays for the search for the
//! markers of those before whose members it has too, and of a text for all of them.

use super::windows::{self, azure_diagnostics, event_xml, evtx, log_analytics, nxlog, winevtlog, winlogbeat};
use super::{Form, Sender, auditbeat, auditd, falco, laurel, tetragon, unified_audit_log};

/// Every sender whose lines are understood.
pub static SENDERS: &[Sender] = &[
    Sender {
        name: "laurel",
        about: "Laurel, auditd's events as JSON",
        markers: &["SYSCALL"],
        form: Form::Object { members: &["ID"], decode: laurel::decode },
    },
    Sender {
        name: "unified-audit-log",
        about: "Microsoft 365 unified audit log (Office 365 Management API)",
        markers: &["AzureActiveDirectory"],
        form: Form::Object { members: &["Operation"], decode: unified_audit_log::decode },
    },
    Sender {
        name: "winlogbeat",
        about: "Winlogbeat and Elastic Agent: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["winlog*", "source_name", "event.provider"], decode: winlogbeat::decode },
    },
    Sender {
        name: "nxlog",
        about: "NXLog im_msvistalog: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["Hostname"], decode: nxlog::decode },
    },
    Sender {
        name: "log-analytics-windows",
        about: "Log Analytics WindowsEvent, Event and SecurityEvent: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["Provider", "Source", "EventSourceName"], decode: log_analytics::decode },
    },
    Sender {
        name: "azure-diagnostics-windows",
        about: "Azure diagnostics extension, WindowsEventLogsTable: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["properties"], decode: azure_diagnostics::decode },
    },
    Sender {
        name: "evtx-json",
        about: "evtx_dump and other log files as JSON: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["Event"], decode: evtx::decode },
    },
    Sender {
        name: "fluent-bit-winevtlog",
        about: "Fluent Bit winevtlog: Sysmon and Security events",
        markers: windows::MARKERS,
        form: Form::Object { members: &["StringInserts"], decode: winevtlog::decode },
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
        form: Form::Object { members: &["event.module", "event.dataset", "agent.type"], decode: auditbeat::decode },
    },
    Sender {
        name: "falco",
        about: "Falco with json_output",
        markers: &["output_fields"],
        form: Form::Object { members: &["rule"], decode: falco::decode },
    },
    Sender {
        name: "tetragon",
        about: "Tetragon's JSON export",
        markers: &["process_"],
        form: Form::Object { members: &["process_*"], decode: tetragon::decode },
    },
];
