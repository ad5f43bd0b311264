//! The fields of events that rows are made of, each in its place. A line is walked once, and what has no place is passed by.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::super::tree::Node;
use crate::record::Names;
use crate::value::DateTime;

/// Names each field once, as its provider does.
macro_rules! fields {
    ($($name:ident)*) => {
        /// A field of an event.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Field { $($name),* }

        impl Field {
            const COUNT: usize = [$(Field::$name),*].len();

            /// The field of that name.
            pub(super) fn named(name: &str) -> Option<Field> {
                static ALL: [Field; Field::COUNT] = [$(Field::$name),*];
                static NAMES: LazyLock<Names> = LazyLock::new(|| {
                    let mut names = Names::default();
                    // Each gets the number of its place.
                    [$(stringify!($name)),*].iter().for_each(|name| {
                        names.add(name);
                    });
                    names.seal();
                    names
                });
                NAMES.find(name).map(|number| ALL[number])
            }
        }
    };
}

fields! {
    // Sysmon
    CommandLine Company Description DestinationHostname DestinationIp DestinationPort Hash Hashes Image Initiated
    IntegrityLevel LogonId OriginalFileName ParentCommandLine ParentImage ParentProcessGuid ParentProcessId ParentUser
    ProcessGuid ProcessId Product Protocol QueryName QueryResults QueryStatus SourceHostname SourceIp SourcePort
    TargetFilename User UtcTime
    // Security; `ProcessID` is 5156's, `ProcessId` everybody else's
    AccessMask Application DestAddress DestPort Direction MandatoryLabel NewProcessId NewProcessName ObjectName ObjectType
    ParentProcessName ProcessID ProcessName SourceAddress SubjectDomainName SubjectUserName SubjectUserSid TargetDomainName
    TargetUserName TargetUserSid TokenElevationType
}

/// The fields of one event.
#[derive(Debug)]
pub(super) struct Fields<'t>([Option<Cow<'t, str>>; Field::COUNT]);

impl<'t> Fields<'t> {
    pub(super) fn new() -> Fields<'t> {
        Fields([const { None }; Field::COUNT])
    }

    /// A field's text. Nothing, and the dash that Sysmon and Windows write for it, is no text.
    pub(super) fn get(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_deref().filter(|text| !matches!(*text, "" | "-"))
    }

    /// When it happened, as Sysmon says it; who else does is asked only where it does not.
    pub(super) fn time_or(&self, other: impl FnOnce() -> Option<DateTime>) -> Option<DateTime> {
        self.get(Field::UtcTime).and_then(DateTime::parse).or_else(other)
    }

    pub(super) fn set(&mut self, field: Field, text: Cow<'t, str>) {
        self.0[field as usize] = Some(text);
    }

    /// Sets what is not yet known.
    pub(super) fn add(&mut self, field: Field, text: Option<Cow<'t, str>>) {
        if self.get(field).is_none() {
            self.0[field as usize] = text;
        }
    }

    pub(super) fn remove(&mut self, field: Field) {
        self.0[field as usize] = None;
    }

    /// The members of an object that are fields.
    pub(super) fn members(&mut self, node: Node<'t>) {
        for child in node.children() {
            if let Some(field) = Field::named(&child.name())
                && let Some(text) = child.text()
            {
                self.set(field, text);
            }
        }
    }
}
