//! `--shadow N`: the plain evaluator looks over the fast path's shoulder.
//!
//! Of one block in N every line is decoded and evaluated plainly, and what the gate and the compiled programs made of the
//! block is held against that. A disagreement is a bug; it is counted, shown with its line, and fails the run.

use std::collections::BTreeMap;

use super::framing::Block;
use super::generation::Generation;
use super::lines::{Gated, Lines};
use super::worker::{BlockOutput, Emit, WorkerOptions};
use crate::alert::Format;
use crate::matcher::{GatePlan, Path, Ruleset};
use crate::value::functions::Context;

/// Disagreements of one block that are shown; the rest is counted.
const MAX_ALARMS: usize = 20;

/// Bytes of a line that a message shows.
const SHOWN: usize = 1000;

pub(super) struct Shadow {
    fast: Lines,
    plain: Lines,
}

impl Shadow {
    pub(super) fn new(generation: &Generation, options: &WorkerOptions) -> Shadow {
        // Alerts are compared, whatever the run writes.
        let options = WorkerOptions {
            emit: Emit::Alerts,
            format: Format::Native,
            batch: false,
            dead_letters: false,
            ..options.clone()
        };
        let fast = Lines::new(generation, Path::Compiled, options.clone());
        Shadow { fast, plain: Lines::new(generation, Path::Plain, options) }
    }

    /// Compares both evaluators on one block, and notes in `out` where they differ.
    pub(super) fn compare(
        &mut self,
        rules: &Ruleset,
        block: &Block,
        input: &str,
        context: &Context,
        out: &mut BlockOutput,
    ) {
        let bytes = block.bytes();
        let (mut fast, mut plain) = (BlockOutput::default(), BlockOutput::default());
        match &rules.gate {
            GatePlan::On(gate) => {
                let mut gated = Gated::default();
                gated.scan(gate, bytes);
                self.fast.gated(&gated, block, input, context, &mut fast, &mut |_| {});
            }
            GatePlan::Off(_) => self.fast.every(block, input, context, &mut fast, &mut |_| {}),
        }
        self.plain.every(block, input, context, &mut plain, &mut |_| {});
        out.ledger.shadowed += plain.ledger.lines;
        if fast.bytes == plain.bytes {
            return;
        }
        let (fast, plain) = (by_line(&fast), by_line(&plain));
        for (number, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            let number = number as u64;
            if fast.get(&number) != plain.get(&number) {
                out.ledger.disagreements += 1;
                let count = |found: &BTreeMap<u64, Vec<String>>| found.get(&number).map_or(0, Vec::len);
                let shown = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).trim_end().to_owned();
                if out.alarms.len() < MAX_ALARMS {
                    let message = format!(
                        "the evaluators disagree: compiled gives {} alerts, plain {}; please report this line: {shown}",
                        count(&fast),
                        count(&plain),
                    );
                    out.alarms.push((number, message));
                }
            }
        }
    }
}

/// Alerts by the line that they are of.
fn by_line(out: &BlockOutput) -> BTreeMap<u64, Vec<String>> {
    let mut text = Vec::new();
    out.bytes.resolve(0, &mut text);
    let mut lines: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for alert in String::from_utf8_lossy(&text).lines() {
        let number = serde_json::from_str::<serde_json::Value>(alert).ok().and_then(|a| a["source"]["line"].as_u64());
        lines.entry(number.unwrap_or(u64::MAX)).or_default().push(alert.to_owned());
    }
    lines
}
