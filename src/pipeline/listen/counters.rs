//! What became of connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::pipeline::ledger::Connections;

/// Counts of all listeners of a run.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    timed_out: AtomicU64,
    octet_errors: AtomicU64,
    tls_errors: AtomicU64,
    proxy_errors: AtomicU64,
    broken: AtomicU64,
    cut_off: AtomicU64,
}

macro_rules! count {
    ($($name:ident)*) => {
        $(pub(super) fn $name(&self) {
            self.$name.fetch_add(1, Relaxed);
        })*
    };
}

impl Counters {
    count! { accepted refused timed_out octet_errors tls_errors proxy_errors broken cut_off }

    /// How they stand.
    pub(in crate::pipeline) fn counted(&self) -> Connections {
        Connections {
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            octet_errors: self.octet_errors.load(Relaxed),
            tls_errors: self.tls_errors.load(Relaxed),
            proxy_errors: self.proxy_errors.load(Relaxed),
            broken: self.broken.load(Relaxed),
            cut_off: self.cut_off.load(Relaxed),
        }
    }
}
