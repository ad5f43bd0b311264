//! Lines that nobody wrote.

use proptest::prelude::*;

use super::fixtures::{SENDERS, sysmon};
use super::{IMDS, decode};

fn lines() -> Vec<String> {
    SENDERS.iter().map(|(_, write)| write(&sysmon(3, IMDS))).collect()
}

#[test]
fn no_cut_panics() {
    for line in lines() {
        for end in (0..line.len()).filter(|end| line.is_char_boundary(*end)) {
            let _ = decode(&line[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_change_panics(which in 0..SENDERS.len(), at in any::<prop::sample::Index>(), len in 0usize..40, text in "[<>&;/'\"{}\\[\\]:,a-z0-9\\\\ ]{0,12}") {
        let mut line = lines().remove(which);
        let at = at.index(line.len());
        let end = (at + len).min(line.len());
        if line.is_char_boundary(at) && line.is_char_boundary(end) {
            line.replace_range(at..end, &text);
        }
        let _ = decode(&line);
    }

    #[test]
    fn no_text_panics(text in "(-Sysmon|<Event>|<System>|<Data Name='Image'>|</[A-Z][a-z]*>|&[a-z#0-9]*;?|\\PC){0,40}") {
        let _ = decode(&format!("-Sysmon{text}"));
        let _ = decode(&format!("<Event>{text}-Sysmon"));
    }
}
