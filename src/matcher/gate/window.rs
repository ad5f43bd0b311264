//! Which bytes of a literal to look for first, and how often they are met.

use std::collections::BTreeMap;

/// What records are full of: names of columns, and words of paths, hosts and operations. Without it bytes would be taken for
/// independent of each other, and `fil` and `tok` for rare (measured over the built-in pack: 1.0 % of the places were let
/// through so).
const WORDS: &str = "timestamp timegenerated deviceid devicename actiontype filename filesize folderpath sha1 sha256 md5 \
    previousfilename fileoriginreferrerurl initiatingprocessaccountdomain initiatingprocessaccountname \
    initiatingprocessaccountobjectid initiatingprocessaccountsid initiatingprocessaccountupn \
    initiatingprocesscommandline initiatingprocesscreationtime initiatingprocessfilename \
    initiatingprocessfolderpath initiatingprocessid initiatingprocessintegritylevel initiatingprocessmd5 \
    initiatingprocessparentid initiatingprocesssha1 initiatingprocesstokenelevation \
    initiatingprocessversioninfocompanyname versioninfofiledescription versioninfointernalfilename \
    versioninfooriginalfilename versioninfoproductversion isinitiatingprocessremotesession \
    requestaccountdomain requestprotocol requestsourceip requestsourceport sharename sensitivitylabel \
    isazureinfoprotectionapplied remoteip remoteport remoteurl localip localport remoteiptype reportid \
    additionalfields appguardcontainerid uniqueprocessid tenantid sourcesystem operationname resultsignature \
    resultdescription correlationid activitydisplayname loggedbyservice category targetresources \
    modifiedproperties displayname oldvalue newvalue userprincipalname initiatedby ipaddress useragent \
    resourceid c:\\windows\\system32 c:\\program c:\\users\\ microsoft mozilla update application service \
    principal cache local temp .json .exe .dll https error success";

/// The share of places at which such a word begins: each stands once in a kilobyte.
const WORD: f32 = 1.0 / 1024.0;

/// How often windows of so many bytes are met in JSON logs.
pub(super) struct Odds<const WINDOW: usize> {
    /// The share of every byte.
    shares: [f32; 256],
    /// The windows of all words, and in how many each is.
    parts: BTreeMap<[u8; WINDOW], f32>,
}

impl<const WINDOW: usize> Odds<WINDOW> {
    pub(super) fn new() -> Odds<WINDOW> {
        let mut parts = BTreeMap::new();
        for part in WORDS.split(' ').flat_map(|word| word.as_bytes().windows(WINDOW)) {
            part.first_chunk().into_iter().for_each(|part| *parts.entry(*part).or_insert(0.0) += 1.0);
        }
        Odds { shares: std::array::from_fn(|byte| share(byte as u8)), parts }
    }

    /// Offset of the rarest window of a literal; 0 if it is no longer than one.
    pub(super) fn rarest(&self, literal: &[u8]) -> usize {
        let windows = literal.array_windows().enumerate().map(|(at, window)| (at, self.met_in_either_case(window)));
        windows.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at)
    }

    /// What [`Odds::met`] gives for a window of a literal; asked of every window, so without trying all bytes.
    pub(super) fn met_in_either_case(&self, window: &[u8; WINDOW]) -> f32 {
        window.iter().map(|byte| self.of_both(*byte)).product::<f32>() + self.parts.get(window).unwrap_or(&0.0) * WORD
    }

    /// The same for a window of which some bytes may be any.
    pub(super) fn of_known(&self, window: &[Option<u8>; WINDOW]) -> f32 {
        window.iter().flatten().map(|byte| self.of_both(*byte)).product()
    }

    /// The share of a byte, of a letter in either case.
    fn of_both(&self, byte: u8) -> f32 {
        let share = |byte: u8| self.shares[usize::from(byte)];
        if byte.is_ascii_lowercase() { share(byte) + share(byte.to_ascii_uppercase()) } else { share(byte) }
    }

    /// The share of places where a window is met, by the bytes that are met at each of its places: by chance, and for certain
    /// in some words.
    pub(super) fn met(&self, places: &[[bool; 256]; WINDOW]) -> f32 {
        let at = |place: &[bool; 256]| {
            place.iter().zip(&self.shares).filter(|(is_met, _)| **is_met).map(|(_, share)| share).sum::<f32>()
        };
        let is_met = |part: &[u8; WINDOW]| part.iter().zip(places).all(|(byte, place)| place[usize::from(*byte)]);
        let in_words = self.parts.iter().filter(|(part, _)| is_met(part)).map(|(_, words)| words * WORD);
        places.iter().map(at).product::<f32>() + in_words.sum::<f32>()
    }
}

/// The share of a byte in JSON logs. Made by counting Defender and Entra records, and rounded: quotes and the letters of words
/// lead, then digits, which ids and hashes are full of. Of eight letters one is a capital.
fn share(byte: u8) -> f32 {
    let halvings = match byte.to_ascii_lowercase() {
        b'"' | b'i' | b'e' => 3.5,
        b'n' | b't' => 4.0,
        b's' | b'o' | b'a' | b'c' => 4.5,
        b'r' | b'p' | b':' => 5.0,
        b'd' | b'1' | b'l' | b',' | b'2' => 5.5,
        b'f' | b'u' | b'g' | b'm' | b'-' | b'0' | b'3'..=b'6' | b'8' => 6.0,
        b'7' | b'9' | b'\\' | b'b' => 6.5,
        b'.' | b'v' => 7.0,
        b' ' | b'y' | b'h' => 7.5,
        b'x' | b'k' => 8.5,
        b'z' | b'w' | b'/' => 9.0,
        b'q' | b'{' | b'}' => 9.5,
        b'_' => 10.0,
        b'j' | b'=' | b'@' | b'[' | b']' | b'\n' => 11.0,
        b'!'..=b'~' => 14.0,
        // Bytes of letters that are not ASCII, all together.
        0x80.. => 12.0,
        _ => 20.0,
    };
    let share = (-halvings as f32).exp2();
    if byte.is_ascii_uppercase() { share / 8.0 } else { share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_of_rare_bytes_and_of_no_common_word() {
        let odds = Odds::<3>::new();
        for (literal, window) in [("fileaccessed", "lea"), ("tokencache", "nca"), ("169.254.", "69."), ("abc", "abc")] {
            let at = odds.rarest(literal.as_bytes());
            assert_eq!(&literal[at..at + 3], window, "{literal}");
            let places = [0, 1, 2]
                .map(|place| std::array::from_fn(|byte| window.as_bytes()[place].eq_ignore_ascii_case(&(byte as u8))));
            let in_either_case = window.as_bytes().first_chunk().map(|window| odds.met_in_either_case(window));
            assert!((in_either_case.unwrap_or_default() - odds.met(&places)).abs() < 1e-9, "{literal}");
        }
        assert_eq!(Odds::<5>::new().rarest(b"abc"), 0, "shorter than a window");
    }
}
