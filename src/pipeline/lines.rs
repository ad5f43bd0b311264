//! Lines become records, and what the rules find in them.

use std::cell::Cell;

use super::dead_letter;
use super::framing::{Block, KEPT};
use super::generation::Generation;
use super::joined::{self, Cursor};
use super::result_table::{CollectedRow, ResultRow};
use super::worker::{BlockOutput, Emit, Spill, WorkerOptions};
use crate::alert::{Alert, Numbered, Source};
use crate::compile::ir::Rest;
use crate::decode::auditd::holds_marker;
use crate::decode::{Decoded, Decoders, Event};
use crate::matcher::gate::{Candidate, Gate};
use crate::matcher::profile::Profile;
use crate::matcher::{Match, Matcher, Outcome, Path};
use crate::record::{self, Malformed, Records};
use crate::value::functions::Context;

/// Lines, decoded and matched by one of the evaluators.
pub(super) struct Lines {
    matcher: Matcher,
    decoders: Decoders,
    pub(super) options: WorkerOptions,
    generation: u64,
    /// Where it stands in what has been joined of the block.
    cursor: Cursor,
    /// Whether the last line was a sender's.
    was_senders: bool,
    /// Whether a row of it matched.
    has_matched: bool,
}

/// What the gate says of a block.
#[derive(Default)]
pub(super) struct Gated {
    /// The lines that must be decoded.
    pub(super) candidates: Vec<Candidate>,
    /// How many lines the block has.
    pub(super) lines: u64,
}

impl Gated {
    /// Asks the gate.
    pub(super) fn scan(&mut self, gate: &Gate, lines: &[u8]) {
        self.candidates.clear();
        self.lines = gate.scan(lines, &mut |candidate| self.candidates.push(candidate));
    }

    /// Whether a line may be one that is joined to others. The gate looks for what such lines have.
    pub(super) fn hold_joined(&self, lines: &[u8]) -> bool {
        self.candidates.iter().any(|candidate| holds_marker(&lines[candidate.start..candidate.end]))
    }
}

/// Bytes of output from which a block's is written before the block is done: one line may match many rules, and each
/// alert carries its columns.
const MAX_OUTPUT: usize = 16 << 20;

impl Lines {
    pub(super) fn new(generation: &Generation, path: Path, options: WorkerOptions) -> Lines {
        let (ruleset, generation) = (generation.ruleset.clone(), generation.number);
        let tables = ruleset.tables.iter().map(|table| table.program.table.name.clone()).collect();
        let decoders = Decoders::new(options.decode, tables, options.limits.max_depth).noting(ruleset.layout.clone());
        let matcher = Matcher::new(ruleset, options.limits, path);
        Lines {
            matcher,
            decoders,
            options,
            generation,
            cursor: Cursor::default(),
            was_senders: false,
            has_matched: false,
        }
    }

    /// What evaluation has cost.
    pub(super) fn profile(&mut self) -> &mut Profile {
        &mut self.matcher.profile
    }

    /// Decodes the lines that the gate lets through.
    pub(super) fn gated(
        &mut self,
        gated: &Gated,
        block: &Block,
        input: &str,
        context: &Context,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) {
        let bytes = block.bytes();
        self.cursor = Cursor::default();
        let mut at = 0;
        for candidate in &gated.candidates {
            self.pass(&bytes[at..candidate.start], &[], out);
            at = candidate.end;
            let line = &bytes[candidate.start..candidate.end];
            let place = Place { block, at: candidate.start };
            self.line(line, place, context, Source { input, line: candidate.line }, out, spill);
        }
        self.pass(&bytes[at..], &[], out);
        // `line` has counted the candidates.
        let others = gated.lines - gated.candidates.len() as u64;
        out.count_lines(others);
        out.ledger.gated += others;
        self.rest(block, input, context, out, spill);
    }

    /// Decodes every line.
    pub(super) fn every(
        &mut self,
        block: &Block,
        input: &str,
        context: &Context,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) {
        self.cursor = Cursor::default();
        let mut rest = block.bytes();
        let mut at = 0;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at(end);
            self.line(line, Place { block, at }, context, Source { input, line: out.lines }, out, spill);
            rest = behind;
            at += end;
        }
        self.rest(block, input, context, out, spill);
    }

    /// What the end of the input has made complete is of its last line.
    fn rest(&mut self, block: &Block, input: &str, context: &Context, out: &mut BlockOutput, spill: &mut Spill<'_>) {
        let source = Source { input, line: out.lines.wrapping_sub(1) };
        let place = Place { block, at: block.bytes().len() };
        let notes = self.events(place, context, source, out, spill);
        push_line(&notes, out);
    }

    fn line(
        &mut self,
        line: &[u8],
        place: Place<'_>,
        context: &Context,
        source: Source<'_>,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.count_lines(1);
        if text.len() > self.options.max_line {
            // It does not go on with `annotate`, as one that is let go while it is read cannot.
            return self.oversized(text, text.len() as u64, source, out);
        }
        let together = &place.block.together;
        if record::is_blank(text) || together.is_joined && joined::is_remark(text) {
            out.ledger.gated += 1;
            return self.pass(line, &[], out);
        }
        let taken = self.cursor.taken(&together.joined, place.at);
        let mut notes: Vec<Note> = Vec::new();
        let found = match taken {
            Some(taken) if taken.is_whole || self.decoders.takes_all() => Ok(Outcome::default()),
            // What else it is; its records of auditd's are counted with their events.
            Some(taken) => {
                self.records(Text::Rest(text), context, source, &mut notes, out, spill).map(|mut outcome| {
                    outcome.records = outcome.records.saturating_sub(taken.records);
                    outcome.unrouted = outcome.unrouted.saturating_sub(taken.records);
                    outcome
                })
            }
            None => self.records(Text::Line(text), context, source, &mut notes, out, spill),
        };
        match found {
            Ok(outcome) => {
                out.ledger.decoded += 1;
                out.count(outcome, source.line);
            }
            // No record of a malformed line is given out, so nothing has been written for it.
            Err(reason) => {
                notes.clear();
                self.malformed(&reason, text, None, source, out);
            }
        }
        if taken.is_some() {
            let mut own = self.events(place, context, source, out, spill);
            if matches!(first_solid(text), Some(b'{' | b'[')) {
                let object_end = memchr::memrchr(b'}', text);
                own.iter_mut().for_each(|note| note.object_end = object_end);
            }
            notes.append(&mut own);
        }
        self.pass(line, &notes, out);
    }

    /// Holds the events against the rules that are complete with the line. What is to be noted on the line itself is given
    /// back; what is found in an event that no record of its own has ended goes before it, on a line of its own.
    fn events(
        &mut self,
        place: Place<'_>,
        context: &Context,
        source: Source<'_>,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) -> Vec<Note> {
        let mut own = Vec::new();
        while let Some((records, is_own)) = self.cursor.event(&place.block.together.joined, place.at) {
            let mut notes = Vec::new();
            match self.records(Text::Joined(records), context, source, &mut notes, out, spill) {
                Ok(outcome) => out.count(outcome, source.line),
                // Its lines are counted already.
                Err(reason) => out.say(source.line, || format!("an event of auditd's cannot be read: {reason}")),
            }
            if is_own {
                own.append(&mut notes);
            } else {
                push_line(&notes, out);
            }
        }
        own
    }

    /// Holds the records of a line against the rules: those that it has itself, and those that a sender's decoder makes of
    /// it. What is JSON is asked for records first; most lines are that, and then no decoder looks at them.
    fn records(
        &mut self,
        text: Text<'_>,
        context: &Context,
        source: Source<'_>,
        notes: &mut Vec<Note>,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) -> Result<Outcome, String> {
        let Lines { matcher, decoders, options, generation, was_senders, has_matched, .. } = self;
        let (kind, text) = (text, text.bytes());
        let site = Site { generation: *generation, text, context, source, options };
        let matched = Cell::new(false);
        let mut hold =
            |matcher: &mut Matcher, held: Held<'_>, events: Option<&[Event]>| -> Result<Outcome, Malformed> {
                let mut each = |found: &Match<'_>| {
                    matched.set(true);
                    let event = events.and_then(|events| events.get(found.record.index));
                    site.write(found, event, notes, out, spill);
                };
                match held {
                    Held::Line(json) => matcher.line(json, context, &mut each),
                    Held::Records(records) => Ok(matcher.records(records, context, &mut each)),
                }
            };
        let is_joined = matches!(kind, Text::Joined(_));
        let is_json = !is_joined && matches!(first_solid(text), Some(b'{' | b'['));
        let mut outcome = Outcome::default();
        // What matches is decoded once more, so where the last line did it is not tried. In a batch a rule may ask for chance,
        // and would get another answer; and who judges does without what is judged.
        decoders.be_bare(!*has_matched && !options.batch && matcher.path() == Path::Compiled);
        // Where the last line was a sender's, this one will be too: then its members are looked at once, and not twice.
        let is_senders = *was_senders && matches!(kind, Text::Line(_));
        let taken = if is_json && is_senders { decoders.decode_object(text) } else { None };
        let mut only = None;
        if taken.is_some() {
            outcome.records = 1;
        } else if is_json && !decoders.takes_all() {
            outcome = hold(matcher, Held::Line(text), None).map_err(|malformed| malformed.to_string())?;
            if outcome.foreign.is_empty() {
                *was_senders = false;
                return Ok(outcome);
            }
            // What is a row of a table itself is no wrapper of another record.
            only = Some(std::mem::take(&mut outcome.foreign));
        }
        let only = only.as_deref();
        let mut decoded = match taken {
            Some(taken) => decoders.decoded(taken),
            None => kind.decode(decoders, only),
        };
        matched.set(false);
        let mut nothing = None;
        if let Decoded::Rows(rows) = &decoded
            && rows.is_bare()
        {
            nothing = rows.records().and_then(|records| no_match(matcher, records, context));
            if nothing.is_none() {
                drop(decoded);
                decoders.be_bare(false);
                decoded = kind.decode(decoders, only);
            }
        }
        match decoded {
            Decoded::Rows(rows) => {
                *was_senders = true;
                let more = match nothing {
                    Some(nothing) => nothing,
                    None => {
                        let held = rows.records().map_or(Held::Line(rows.json().as_bytes()), Held::Records);
                        hold(matcher, held, Some(rows.events())).map_err(|e| e.to_string())?
                    }
                };
                *has_matched = matched.get();
                // An object of which no table has anything is a record all the same.
                outcome.unrouted = outcome.unrouted.saturating_sub(rows.taken()) + more.unrouted;
                outcome.records = outcome.records.max(rows.taken()).max(more.records);
                outcome.mistyped.extend(more.mistyped);
                outcome.failures.extend(more.failures);
                for why in rows.faults() {
                    out.say(source.line, || format!("a part of the line is malformed and was left out: {why}"));
                }
                Ok(outcome)
            }
            // Records of the line have been read, and there may be alerts of them.
            Decoded::Malformed(why) if outcome.any_known => {
                out.say(source.line, || format!("a part of the line is malformed and was left out: {why}"));
                Ok(outcome)
            }
            Decoded::Malformed(why) => Err(why),
            Decoded::Nobodys if is_json || is_joined => Ok(outcome),
            // For what is wrong with it.
            Decoded::Nobodys => hold(matcher, Held::Line(text), None).map_err(|malformed| malformed.to_string()),
        }
    }

    /// With `annotate`, the lines go on, a matched record with what was found. What is no JSON gains it behind its end.
    fn pass(&self, lines: &[u8], notes: &[Note], out: &mut BlockOutput) {
        if self.options.emit != Emit::Annotate {
            return;
        }
        let end = lines.trim_ascii_end().len();
        let mut at = 0;
        for group in notes.chunk_by(|a, b| a.object_end == b.object_end) {
            let place = group[0].object_end.unwrap_or(end);
            out.bytes.push(&lines[at..place]);
            out.bytes.push(match group[0].object_end {
                None => b" kqltap=[",
                // An object without members takes no comma.
                Some(_) if lines[at..place].trim_ascii_end().ends_with(b"{") => b"\"kqltap\":[",
                Some(_) => b",\"kqltap\":[",
            });
            push_alerts(group, out);
            out.bytes.push(b"]");
            at = place;
        }
        out.bytes.push(&lines[at..]);
    }

    pub(super) fn oversized(&self, start: &[u8], length: u64, source: Source<'_>, out: &mut BlockOutput) {
        let reason = format!(
            "the line has {length} bytes, and the limit is {} (max_line_bytes); raise it, or make the sender write shorter lines",
            self.options.max_line
        );
        self.malformed(&reason, &start[..start.len().min(KEPT)], Some(length), source, out);
    }

    fn malformed(&self, reason: &str, bytes: &[u8], length: Option<u64>, source: Source<'_>, out: &mut BlockOutput) {
        out.ledger.malformed += 1;
        if self.options.dead_letters {
            out.ledger.dead_lettered += 1;
            let truncated = length.filter(|length| *length > bytes.len() as u64);
            dead_letter::write(&mut out.dead_letters, reason, source, bytes, truncated);
        }
        out.say(source.line, || format!("malformed line: {reason}"));
    }
}

/// Where a line stands.
#[derive(Clone, Copy)]
struct Place<'b> {
    block: &'b Block,
    /// Where in the block it begins.
    at: usize,
}

/// What is decoded.
#[derive(Clone, Copy)]
enum Text<'t> {
    /// A line.
    Line(&'t [u8]),
    /// A line from which records were taken to be joined.
    Rest(&'t [u8]),
    /// Records that have been joined.
    Joined(&'t str),
}

impl<'t> Text<'t> {
    fn bytes(self) -> &'t [u8] {
        match self {
            Text::Line(text) | Text::Rest(text) => text,
            Text::Joined(records) => records.as_bytes(),
        }
    }

    /// What senders make of it; of a batch's records, of those with these numbers.
    fn decode<'d>(self, decoders: &'d mut Decoders, only: Option<&[usize]>) -> Decoded<'d> {
        match self {
            Text::Line(text) => decoders.decode_some(text, only),
            Text::Rest(text) => decoders.decode_rest(text, only),
            Text::Joined(records) => decoders.decode_joined(records),
        }
    }
}

/// What is counted of records of which none matches.
fn no_match(matcher: &mut Matcher, records: Records<'_>, context: &Context) -> Option<Outcome> {
    let mut any = false;
    let outcome = matcher.records(records, context, &mut |_| any = true);
    (!any).then_some(outcome)
}

/// What is held against the rules.
enum Held<'t> {
    /// A line of records, still to be decoded.
    Line(&'t [u8]),
    /// Rows that a sender's decoder has made.
    Records(Records<'t>),
}

/// What is noted of no line stands on one of its own.
fn push_line(notes: &[Note], out: &mut BlockOutput) {
    if notes.is_empty() {
        return;
    }
    if !out.bytes.is_empty() && !out.bytes.ends_with_newline() {
        out.bytes.push(b"\n");
    }
    out.bytes.push(b"kqltap=[");
    push_alerts(notes, out);
    out.bytes.push(b"]\n");
}

fn push_alerts(notes: &[Note], out: &mut BlockOutput) {
    for (i, note) in notes.iter().enumerate() {
        if i > 0 {
            out.bytes.push(b",");
        }
        out.bytes.append_trimmed(&note.alert);
    }
}

/// What `annotate` adds to a line.
struct Note {
    /// Offset of the brace that ends the matched object; none in a line that is no JSON.
    object_end: Option<usize>,
    alert: Numbered,
}

/// A line's text, and what an alert of it has to say beside the match.
struct Site<'s> {
    generation: u64,
    text: &'s [u8],
    context: &'s Context,
    source: Source<'s>,
    options: &'s WorkerOptions,
}

impl Site<'_> {
    /// Writes, or keeps, what is to be written of a match.
    fn write(
        &self,
        found: &Match<'_>,
        event: Option<&Event>,
        notes: &mut Vec<Note>,
        out: &mut BlockOutput,
        spill: &mut Spill<'_>,
    ) {
        if let Rest::Collect { place, .. } = &found.detection.rest {
            // Without a batch there is no such rule; the shadow has no part in what is computed at the end.
            if self.options.batch {
                out.collected.push(CollectedRow::new(found, *place));
            }
            return;
        }
        out.ledger.alerts += 1;
        out.matched.push(found.rule_index as u32);
        let alert = Alert { event, generation: self.generation, ..Alert::new(found, self.source, self.context) };
        if self.options.emit == Emit::Alerts && !self.options.batch {
            alert.write(self.options.format, &mut out.bytes);
            if out.bytes.len() > MAX_OUTPUT {
                spill(out);
            }
            return;
        }
        let mut bytes = Numbered::default();
        alert.write(self.options.format, &mut bytes);
        match self.options.emit {
            Emit::Alerts => out.results.push(ResultRow::new(found, bytes)),
            Emit::Annotate => {
                let object_end = match event {
                    Some(event) => event.object_end,
                    None => Some(end_of_object(self.text, found.record.text())),
                };
                notes.push(Note { object_end, alert: bytes });
            }
        }
    }
}

fn first_solid(text: &[u8]) -> Option<u8> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    text.trim_ascii_start().first().copied()
}

/// Where in `line` the last brace of `object` stands; `object` is a part of `line`.
fn end_of_object(line: &[u8], object: &str) -> usize {
    let start = object.as_ptr() as usize - line.as_ptr() as usize;
    start + object.trim_ascii_end().len() - 1
}
