//! Whose line it may be, by what stands in every line of a sender's.

use memchr::memmem;

use super::{SENDERS, Sender};

/// Every marker once, with the senders that have it as bits: several have the same ones, and each costs a look at the line.
#[derive(Debug)]
pub(super) struct Markers {
    all: Vec<(memmem::Finder<'static>, u64)>,
    /// The characters that they are made of, by ASCII code.
    made_of: [bool; 128],
    /// How an escape of such a character begins.
    escape: memmem::Finder<'static>,
}

impl Markers {
    pub(super) fn new() -> Markers {
        let mut markers: Vec<(memmem::Finder<'static>, u64)> = Vec::new();
        for (at, sender) in SENDERS.iter().enumerate() {
            for marker in sender.markers {
                match markers.iter_mut().find(|(finder, _)| finder.needle() == marker.as_bytes()) {
                    Some((_, senders)) => *senders |= 1 << at,
                    None => markers.push((memmem::Finder::new(marker), 1 << at)),
                }
            }
        }
        let mut made_of = [false; 128];
        for byte in markers.iter().flat_map(|(finder, _)| finder.needle()) {
            made_of[usize::from(byte & 127)] = true;
        }
        Markers { all: markers, made_of, escape: memmem::Finder::new(br"\u00") }
    }

    /// Whether an escape of JSON's, `\u006d` for one, may spell a part of a marker.
    fn is_escaped(&self, line: &[u8]) -> bool {
        self.escape.find_iter(line).any(|at| {
            let digits = line.get(at + 4..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
            let code = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
            code.and_then(|code| self.made_of.get(code)).is_some_and(|is| *is)
        })
    }
}

/// Who may have written a line. A marker is looked for when it is first asked about: for most lines that is after few of them.
pub(super) struct Candidates<'l> {
    markers: &'l Markers,
    line: &'l [u8],
    /// Senders who are asked at all, by their places as bits; and those who are whatever stands in the line.
    among: u64,
    certain: u64,
    /// Markers that have been looked for, and those that stand in the line.
    looked: u64,
    found: u64,
    is_escaped: Option<bool>,
}

impl<'l> Candidates<'l> {
    /// Everybody.
    pub(super) fn new(markers: &'l Markers, line: &'l [u8]) -> Candidates<'l> {
        Candidates { markers, line, among: u64::MAX, certain: 0, looked: 0, found: 0, is_escaped: None }
    }

    /// One, who is known to have written it.
    pub(super) fn only(sender: &Sender, markers: &'l Markers, line: &'l [u8]) -> Candidates<'l> {
        let mut candidates = Candidates::new(markers, line);
        candidates.leave_out(|other| other.name != sender.name);
        candidates.certain = candidates.among;
        candidates
    }

    /// Those are not asked.
    pub(super) fn leave_out(&mut self, is_out: impl Fn(&Sender) -> bool) {
        for (at, _) in SENDERS.iter().enumerate().filter(|(_, sender)| is_out(sender)) {
            self.among &= !(1 << at);
        }
    }

    /// Whether the sender at that place of the table is one.
    pub(super) fn may_be(&mut self, at: usize) -> bool {
        let sender = 1 << at;
        if (self.among & !self.certain) & sender == 0 {
            return self.among & sender != 0;
        }
        for (number, (finder, senders)) in self.markers.all.iter().enumerate() {
            if senders & sender == 0 {
                continue;
            }
            let marker = 1 << number;
            if self.looked & marker == 0 {
                self.looked |= marker;
                self.found |= if finder.find(self.line).is_some() { marker } else { 0 };
            }
            if self.found & marker != 0 {
                return true;
            }
        }
        *self.is_escaped.get_or_insert_with(|| self.markers.is_escaped(self.line))
    }
}
