//! The settings of the sink, and which of them go together.

use std::path::PathBuf;

use super::units::{duration, size};
use super::{RawSettings, SettingsError, bound, choice, invalid};
use crate::pipeline::sink::{Address, OnFull, Output, OutputTls, SinkOptions, SpoolOptions};
use crate::pipeline::spool::SHARE;

/// How alerts reach `output`, and what does not go together.
pub(super) fn options(raw: &RawSettings, output: &Output) -> Result<SinkOptions, SettingsError> {
    let path = |value: &Option<String>| value.clone().filter(|path| !path.is_empty()).map(PathBuf::from);
    let tls = OutputTls {
        ca: path(&raw.output_tls_ca),
        certificate: path(&raw.output_tls_cert),
        key: path(&raw.output_tls_key),
    };
    if tls.is_set() && !matches!(output, Output::Peer(Address::Tcp(_) | Address::Tls(_))) {
        return Err(invalid("output", &output.name(), "output_tls_* go with tls://HOST:PORT"));
    }
    let on_full = choice("on_full", raw.on_full.clone(), &[("block", OnFull::Block), ("drop", OnFull::Drop)])?;
    if on_full == OnFull::Drop && raw.emit.as_deref() == Some("annotate") {
        return Err(invalid("on_full", "drop", "with emit = annotate every line goes on; only block does that"));
    }
    let resend_bytes = bound("resend_bytes", raw.resend_bytes, 0, 1 << 30)?;
    let spool = match path(&raw.spool) {
        None => None,
        Some(folder) if !matches!(output, Output::Peer(_)) => {
            let message = "a spool goes with a tcp://, tls:// or unix: output; files and pipes need none";
            return Err(invalid("spool", &folder.display().to_string(), message));
        }
        Some(folder) => {
            let max = size("spool_max", raw.spool_max.as_deref())?;
            let least = (resend_bytes as u64).saturating_mul(SHARE).max(1 << 16);
            if max < least {
                let message = format!("it takes {least} bytes at least, four times resend_bytes");
                return Err(invalid("spool_max", raw.spool_max.as_deref().unwrap_or_default(), &message));
            }
            Some(SpoolOptions { folder, max, sync: raw.spool_sync.unwrap_or(true) })
        }
    };
    Ok(SinkOptions {
        on_full,
        queue_bytes: bound("queue_bytes", raw.queue_bytes, 1 << 10, 1 << 32)?,
        resend_bytes,
        spool,
        tls,
        drain_timeout: duration("drain_timeout", raw.drain_timeout.as_deref())?,
    })
}
