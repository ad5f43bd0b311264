//! A block of lines becomes alerts.

use std::sync::Arc;

use super::framing::Block;
use super::generation::Generation;
use super::ledger::Ledger;
use super::lines::{Gated, Lines};
use super::result_table::{CollectedRow, ResultRow};
use super::shadow::Shadow;
use crate::alert::{Format, Numbered, Source};
use crate::decode::Choice;
use crate::decode::auditd::holds_marker;
use crate::matcher::{GatePlan, Outcome, Path};
use crate::record::Limits;
use crate::value::DateTime;
use crate::value::functions::Context;

/// What is written for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// One alert a match.
    Alerts,
    /// Every line as it came; a matched record has gained a member `kqltap` with its alerts.
    Annotate,
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// What is written.
    pub emit: Emit,
    /// The shape of alerts.
    pub format: Format,
    /// Bounds of what is decoded.
    pub limits: Limits,
    /// Whose lines are decoded.
    pub decode: Choice,
    /// The longest line in bytes.
    pub max_line: usize,
    /// What `now()` is; the clock if none.
    pub now: Option<DateTime>,
    /// Keep results and order them at the end.
    pub batch: bool,
    /// Keep malformed lines, and so decode every line.
    pub dead_letters: bool,
    /// One block in so many is also held against the plain evaluator; 0 for none.
    pub shadow: u64,
}

/// Where in a run a block stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'i> {
    /// The input's name.
    pub input: &'i str,
    /// How many blocks of the run stand before it.
    pub sequence: u64,
    /// Whether it is the first of its input.
    pub begins: bool,
}

/// Handles blocks, one after the other.
pub struct Worker {
    generation: Arc<Generation>,
    lines: Lines,
    gated: Gated,
    pace: Pace,
    shadow: Option<Shadow>,
}

/// What one block gave. The room is reused from block to block. Lines are numbered within the block, from 0.
#[derive(Default)]
pub struct BlockOutput {
    /// For the sink.
    pub bytes: Numbered,
    /// For the dead letters.
    pub dead_letters: Numbered,
    /// For people: lines that were malformed, columns that were mistyped.
    pub messages: Vec<(u64, String)>,
    /// Disagreements of the evaluators, which are always shown.
    pub alarms: Vec<(u64, String)>,
    /// Whether nothing of the block has been written yet.
    pub begins: bool,
    /// Lines handled so far; those that have been written are no longer in the ledger.
    pub(super) lines: u64,
    /// What was counted; `written` is not known here.
    pub ledger: Ledger,
    /// The rule of each alert, by its place in the ruleset; those of alerts that have been written are gone.
    pub(super) matched: Vec<u32>,
    /// With `batch`, the results.
    pub results: Vec<ResultRow>,
    /// With `batch`, the records that a query over all of them needs.
    pub collected: Vec<CollectedRow>,
}

/// Messages of one block that are kept; the rest is counted.
const MAX_MESSAGES: usize = 20;

/// One block in so many has its rules timed, and stands for the others.
pub const TIMED: u64 = 64;

/// Writes what a block has given so far; waits for the block's turn.
pub type Spill<'s> = dyn FnMut(&mut BlockOutput) + 's;

impl Worker {
    /// A worker of its own for a thread.
    pub fn new(generation: Arc<Generation>, options: WorkerOptions) -> Worker {
        let shadow = (options.shadow > 0).then(|| Shadow::new(&generation, &options));
        let lines = Lines::new(&generation, Path::Compiled, options);
        Worker { lines, generation, gated: Gated::default(), pace: Pace::default(), shadow }
    }

    /// The blocks that follow are evaluated by that generation.
    pub fn follow(&mut self, generation: &Arc<Generation>) {
        if !Arc::ptr_eq(&self.generation, generation) {
            *self = Worker::new(generation.clone(), self.lines.options.clone());
        }
    }

    /// Handles the lines of one block, and gives how many there were. The block that begins an input is decoded whole: an
    /// input of another format is noticed at once, though the gate would let it pass.
    pub fn block(&mut self, block: &mut Block, place: Place<'_>, out: &mut BlockOutput, spill: &mut Spill<'_>) -> u64 {
        let Place { input, sequence, begins } = place;
        out.clear();
        let options = &self.lines.options;
        let context = Context { now: options.now.unwrap_or_else(DateTime::now) };
        out.ledger.bytes += block.read;
        // A line over the limit is malformed even where nothing in it could match.
        let must_decode = begins
            || options.dead_letters
            || block.bytes().len() > options.max_line
            || matches!(options.decode, Choice::One(_));
        let every_nth = self.shadow.as_ref().filter(|_| sequence.is_multiple_of(options.shadow)).is_some();
        self.lines.profile().time(sequence.is_multiple_of(TIMED));
        let ruleset = self.generation.ruleset.clone();
        match &ruleset.gate {
            GatePlan::On(gate) if !must_decode && self.pace.wants_gate() => {
                self.gated.scan(gate, block.bytes());
                block.join(|lines| self.gated.hold_joined(lines));
                self.lines.gated(&self.gated, block, input, &context, out, spill);
                self.pace.note(self.gated.lines, self.gated.candidates.len() as u64);
            }
            _ => {
                block.join(holds_marker);
                self.lines.every(block, input, &context, out, spill);
            }
        }
        if block.together.is_first_cut {
            out.say(0, || {
                "more records of auditd wait for others of their event than there is room for; the oldest events go on without \
                 those, and may be missed (this is said once)"
                    .to_owned()
            });
        }
        if let Some(line) = &block.oversized {
            let number = out.lines;
            out.count_lines(1);
            self.lines.oversized(&line.start, line.length, Source { input, line: number }, out);
        }
        if every_nth && let Some(shadow) = &mut self.shadow {
            shadow.compare(&ruleset, block, input, &context, out);
        }
        self.lines.profile().take(&mut |rule, evaluations, time| {
            if let Some(counts) = self.generation.counts(rule) {
                counts.add_evaluations(evaluations, time * TIMED as u32);
            }
        });
        out.lines
    }
}

/// The gate pays while most lines stay behind it. Where most are candidates it is left out, and tried again later.
#[derive(Default)]
struct Pace {
    /// Blocks for which the gate is still left out.
    rest: u32,
}

impl Pace {
    /// Share of candidates, in tenths, from which decoding every line is faster (measured: between 60 and 70 %).
    const BREAK_EVEN: u64 = 6;
    /// Blocks between two tries.
    const REST: u32 = 64;

    fn wants_gate(&mut self) -> bool {
        let wanted = self.rest == 0;
        self.rest = self.rest.saturating_sub(1);
        wanted
    }

    fn note(&mut self, lines: u64, candidates: u64) {
        if candidates * 10 > lines * Self::BREAK_EVEN {
            self.rest = Self::REST;
        }
    }
}

impl BlockOutput {
    fn clear(&mut self) {
        self.written();
        self.begins = true;
        self.lines = 0;
        self.ledger = Ledger::default();
    }

    /// Lets go of what has been written; the block goes on.
    pub(super) fn written(&mut self) {
        self.bytes.clear();
        self.dead_letters.clear();
        self.messages.clear();
        self.alarms.clear();
        self.matched.clear();
        self.results.clear();
        self.collected.clear();
        self.begins = false;
    }

    pub(super) fn count_lines(&mut self, lines: u64) {
        self.lines += lines;
        self.ledger.lines += lines;
    }

    /// Counts what was found in a line, and says what was wrong with it.
    pub(super) fn count(&mut self, outcome: Outcome, line: u64) {
        self.ledger.records += outcome.records;
        self.ledger.unrouted += outcome.unrouted;
        self.ledger.mistyped += outcome.mistyped.len() as u64;
        for mistyped in outcome.mistyped {
            self.say(line, || mistyped.to_string());
        }
        for failure in outcome.failures {
            self.say(line, || failure.to_string());
        }
    }

    pub(super) fn say(&mut self, line: u64, message: impl FnOnce() -> String) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push((line, message()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    /// What the gate is asked over `blocks` blocks of 100 lines, of which `candidates` are let through.
    fn asked(pace: &mut Pace, blocks: usize, candidates: u64) -> Vec<bool> {
        let block = |_| {
            let wanted = pace.wants_gate();
            if wanted {
                pace.note(100, candidates);
            }
            wanted
        };
        (0..blocks).map(block).collect()
    }

    #[test]
    fn the_gate_is_left_out_where_most_lines_are_candidates_and_tried_again() {
        let rest = Pace::REST as usize;
        let mut pace = Pace::default();
        let (share, more) = (Pace::BREAK_EVEN * 10, Pace::BREAK_EVEN * 10 + 1);
        assert!(asked(&mut pace, 200, 0).iter().all(|asked| *asked), "a gate that pays stays");
        assert!(
            asked(&mut pace, 200, share).iter().all(|asked| *asked),
            "at the break-even point it does not cost yet"
        );
        let mut expected = vec![true];
        expected.resize(rest + 1, false);
        assert_eq!(asked(&mut pace, 2 * (rest + 1), more), expected.repeat(2), "one block in so many is a try");
        // Once a try shows that it pays again, it is back for good.
        assert!(asked(&mut pace, 200, 1).iter().all(|asked| *asked));
        // An empty block says nothing.
        pace.note(0, 0);
        assert!(pace.wants_gate());
    }
}
