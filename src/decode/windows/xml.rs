//! Events as XML: what Windows itself, forwarders and Sysmon for Linux write.
//!
//! The reader goes through the text once and borrows from it. `System` comes before the event's data, so an event that no
//! table wants is left before its data is read.
//!
//! Syslog daemons cut long lines, and command lines are long. Of an event that is cut in its data, the values before the cut
//! become a row, without the one that was cut. Some agents put a blank for the semicolon of `&quot;`: that is understood.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event as Piece};
use quick_xml::{Error, Reader, XmlVersion};

use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken};
use crate::value::DateTime;

/// What `System` says.
#[derive(Debug, Default)]
struct System<'t> {
    provider: Option<Provider>,
    id: Cow<'t, str>,
    record: Option<Cow<'t, str>>,
    host: Option<Cow<'t, str>>,
    time: Option<Cow<'t, str>>,
}

/// The innermost element that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Event,
    System,
    Data,
}

/// How an event begins. A search costs more to set up than to run over a line.
pub(super) static EVENT: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("<Event"));

/// Adds the row of each event of a text.
///
/// # Errors
/// What is wrong with the XML, as a sentence, and where.
pub(super) fn events(text: &str, decoder: &'static str, around: &Around<'_>, rows: &mut Rows) -> Result<(), String> {
    let mut reader = reader(text);
    let mut within = Within::Nothing;
    let mut system = System::default();
    let mut fields = Fields::new();
    let mut kind = None;
    // Where the next event begins, or the text's end. It is looked for from where the last search has ended, for to look behind
    // each event anew would take time that grows with the square of the text.
    let mut next_event = 0;
    let mut is_last = |reader: &Reader<&[u8]>| {
        let at = text.len() - reader.get_ref().len();
        if next_event < at {
            next_event = event_from(text, at);
        }
        next_event == text.len()
    };
    loop {
        match within {
            Within::System => plain_system(&mut reader, text, &mut system),
            Within::Data => plain(&mut reader, text, &mut fields),
            Within::Nothing | Within::Event => {}
        }
        let Some(piece) = next(&mut reader, text)? else { break };
        match piece {
            Piece::Start(tag) => match (tag.local_name().into_inner(), within) {
                ("System", Within::Event) => within = Within::System,
                ("EventData", Within::Event) => within = Within::Data,
                ("Event", _) => within = Within::Event,
                (name, Within::System) => {
                    attributes(&tag, &mut system)?;
                    let Some(value) = content(&mut reader, text)? else { break };
                    system.element(name, value);
                }
                ("Data", Within::Data) => {
                    let field = field_of(&tag)?;
                    let Some(value) = content(&mut reader, text)? else { break };
                    if let Some(field) = field {
                        fields.set(field, value);
                    }
                }
                _ => {}
            },
            Piece::Empty(tag) if within == Within::System => attributes(&tag, &mut system)?,
            Piece::End(tag) => match (tag.local_name().into_inner(), within) {
                ("System", Within::System) => {
                    within = Within::Event;
                    kind = Kind::wanted(system.provider, &system.id, rows);
                    if kind.is_none() && is_last(&reader) {
                        return Ok(());
                    }
                }
                ("EventData", Within::Data) => within = Within::Event,
                ("Event", Within::Event) => {
                    within = Within::Nothing;
                    let system = std::mem::take(&mut system);
                    if let Some(kind) = kind.take() {
                        system.event(decoder, kind, &fields).write(&fields, around, rows);
                        fields = Fields::new();
                    }
                    // What a daemon has put behind the last event is no XML.
                    if is_last(&reader) {
                        return Ok(());
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    // The text has ended, or has been cut.
    match (kind, within) {
        (Some(kind), _) => system.event(decoder, kind, &fields).write(&fields, around, rows),
        (None, Within::Nothing | Within::Data) => Taken::Yes,
        (None, _) => return Err("the XML ends before it says which event this is; was the line cut?".to_owned()),
    };
    Ok(())
}

impl<'t> System<'t> {
    /// One of its elements has that value.
    fn element(&mut self, name: &str, value: Cow<'t, str>) {
        match name {
            "EventID" => self.id = value,
            "EventRecordID" => self.record = Some(value),
            "Computer" => self.host = Some(value),
            _ => {}
        }
    }

    /// One of its attributes has that value.
    fn attribute(&mut self, name: &str, value: Cow<'t, str>) {
        match name {
            "Name" => self.provider = Provider::named(&value),
            _ => self.time = Some(value),
        }
    }

    /// The event.
    fn event(self, decoder: &'static str, kind: Kind, fields: &Fields<'_>) -> Event<'t> {
        let System { record, host, time, .. } = self;
        let time = fields.time_or(|| DateTime::parse(&time?));
        Event { decoder, kind, record, host, time }
    }
}

/// Reads the data of an event whose `System` is elsewhere.
///
/// # Errors
/// As of [`events`].
pub(super) fn data<'t>(text: &'t str, fields: &mut Fields<'t>) -> Result<(), String> {
    let mut reader = reader(text);
    let mut is_within = false;
    loop {
        if is_within {
            plain(&mut reader, text, fields);
        }
        let Some(piece) = next(&mut reader, text)? else {
            return Ok(());
        };
        let Piece::Start(tag) = piece else {
            continue;
        };
        match tag.local_name().into_inner() {
            "EventData" => is_within = true,
            "Data" if is_within => {
                let field = field_of(&tag)?;
                let Some(value) = content(&mut reader, text)? else {
                    return Ok(());
                };
                if let Some(field) = field {
                    fields.set(field, value);
                }
            }
            _ => {}
        }
    }
}

/// The values in a list of `<Param>`.
///
/// # Errors
/// As of [`events`].
pub(super) fn params(text: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut reader = reader(text);
    let mut values = Vec::new();
    while let Some(piece) = next(&mut reader, text)? {
        match piece {
            Piece::Start(tag) if tag.local_name().into_inner() == "Param" => {
                values.push(content(&mut reader, text)?.unwrap_or_default());
            }
            Piece::Empty(tag) if tag.local_name().into_inner() == "Param" => values.push(Cow::Borrowed("")),
            _ => {}
        }
    }
    Ok(values)
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    reader
}

/// The next piece, or nothing at the text's end, wherever in an element that is.
fn next<'t>(reader: &mut Reader<&'t [u8]>, text: &str) -> Result<Option<Piece<'t>>, String> {
    match reader.read_event() {
        Ok(Piece::Eof) | Err(Error::Syntax(_)) => Ok(None),
        Ok(piece) => Ok(Some(piece)),
        Err(error) => {
            let at = text.len() - reader.get_ref().len();
            Err(format!("the XML is malformed before byte {at}: {error}"))
        }
    }
}

/// What the reader has not read yet.
fn rest<'t>(reader: &Reader<&'t [u8]>, text: &'t str) -> &'t str {
    text.get(text.len() - reader.get_ref().len()..).unwrap_or_default()
}

/// Takes elements off that are spelt as the log spells nearly all of them, `<Data Name='…'>…</Data>` with no entity: three
/// times as fast as reading them piece by piece. What is spelt in another way is left to the reader.
fn plain<'t>(reader: &mut Reader<&'t [u8]>, text: &'t str, fields: &mut Fields<'t>) {
    let mut rest = rest(reader, text);
    while let Some((name, value, behind)) = plain_data(rest) {
        if let Some(field) = Field::named(name) {
            fields.set(field, Cow::Borrowed(value));
        }
        rest = behind;
    }
    *reader.get_mut() = rest.as_bytes();
}

/// The name and the value of such an element, and what is behind it.
fn plain_data(text: &str) -> Option<(&str, &str, &str)> {
    let (name, text) = quoted(text.strip_prefix("<Data Name=")?)?;
    let (value, behind) = plain_text(text.strip_prefix('>')?)?;
    Some((name, value, to_tag(behind.strip_prefix("</Data>")?)?))
}

/// The same of `System`, whose elements have a text or attributes, and of those what is wanted in the first.
fn plain_system<'t>(reader: &mut Reader<&'t [u8]>, text: &'t str, system: &mut System<'t>) {
    let mut rest = rest(reader, text);
    while let Some(behind) = plain_element(rest, system) {
        rest = behind;
    }
    *reader.get_mut() = rest.as_bytes();
}

/// Takes such an element off; gives what is behind it.
fn plain_element<'t>(text: &'t str, system: &mut System<'t>) -> Option<&'t str> {
    let text = text.strip_prefix('<')?;
    let (name, mut rest) = text.split_at(text.bytes().position(|b| !b.is_ascii_alphanumeric())?);
    if matches!(name, "" | "Event") {
        return None;
    }
    let wanted = attribute_of(name);
    let mut is_first = true;
    let mut value = None;
    while let Some(attribute) = rest.strip_prefix(' ') {
        let (key, quote) = attribute.split_at(attribute.bytes().position(|b| !b.is_ascii_alphanumeric())?);
        let (text, behind) = quoted(quote.strip_prefix('=')?)?;
        if wanted == Some(key) {
            // An entity, or white space that XML has for a blank.
            let is_plain = is_first && !text.bytes().any(|b| b == b'&' || b < b' ');
            value = Some(text).filter(|_| is_plain);
            value?;
        }
        is_first = false;
        rest = behind;
    }
    let (content, behind) = match rest.strip_prefix("/>") {
        Some(behind) => (None, behind),
        None => {
            let (content, behind) = plain_text(rest.strip_prefix('>')?)?;
            (Some(content), behind.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?)
        }
    };
    let behind = to_tag(behind)?;
    if let (Some(key), Some(value)) = (wanted, value) {
        system.attribute(key, Cow::Borrowed(value));
    }
    if let Some(content) = content {
        system.element(name, Cow::Borrowed(content));
    }
    Some(behind)
}

/// The text from its first tag on, where white space is all that stands before it. The reader may have seen the one before it
/// already, and then takes whatever is next for a tag.
fn to_tag(text: &str) -> Option<&str> {
    let text = text.trim_ascii_start();
    (text.is_empty() || text.starts_with('<')).then_some(text)
}

/// What stands in the quotes at the start of a text, and what is behind them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.bytes().next().filter(|quote| matches!(quote, b'\'' | b'"'))?;
    let text = &text[1..];
    let end = memchr(quote, text.as_bytes())?;
    Some((&text[..end], &text[end + 1..]))
}

/// What stands before the next tag, if there is no entity in it, and what follows.
fn plain_text(text: &str) -> Option<(&str, &str)> {
    Some(text.split_at(memchr2(b'<', b'&', text.as_bytes())?))
}

/// Where the next event from a place on begins; the text's end if there is none.
fn event_from(text: &str, from: usize) -> usize {
    let text = text.as_bytes();
    let is_event = |at: &usize| text.get(at + b"<Event".len()).is_some_and(|b| *b == b'>' || b.is_ascii_whitespace());
    EVENT.find_iter(&text[from..]).map(|at| from + at).find(is_event).unwrap_or(text.len())
}

/// The text up to the end of the element; nothing if that does not come. Elements within it are passed by.
fn content<'t>(reader: &mut Reader<&'t [u8]>, text: &str) -> Result<Option<Cow<'t, str>>, String> {
    let mut value = Cow::Borrowed("");
    let mut depth = 0_usize;
    while let Some(piece) = next(reader, text)? {
        let piece = match piece {
            Piece::Text(piece) if depth == 0 => unterminated(piece.into_inner()),
            Piece::CData(piece) if depth == 0 => piece.into_inner(),
            Piece::GeneralRef(entity) if depth == 0 => {
                let letter = entity.resolve_char_ref().map_err(|error| format!("the XML is malformed: {error}"))?;
                match (letter, resolve_predefined_entity(&entity)) {
                    (Some(letter), _) => Cow::Owned(letter.to_string()),
                    (None, Some(text)) => Cow::Borrowed(text),
                    (None, None) => {
                        return Err(format!("the XML is malformed: nobody has declared `&{};`", &*entity));
                    }
                }
            }
            Piece::Start(_) => {
                depth += 1;
                continue;
            }
            Piece::End(_) if depth == 0 => return Ok(Some(value)),
            Piece::End(_) => {
                depth -= 1;
                continue;
            }
            _ => continue,
        };
        if value.is_empty() {
            value = piece;
        } else {
            value.to_mut().push_str(&piece);
        }
    }
    Ok(None)
}

/// A text that may begin with an entity whose semicolon has become a blank.
fn unterminated(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some((name, rest)) = text.strip_prefix('&').and_then(|text| text.split_once(' ')) else {
        return text;
    };
    match resolve_predefined_entity(name) {
        Some(letter) => Cow::Owned(format!("{letter}{rest}")),
        None => text,
    }
}

/// The field that a `Data` element names.
fn field_of(tag: &BytesStart<'_>) -> Result<Option<Field>, String> {
    match tag.try_get_attribute("Name") {
        Ok(name) => Ok(name.and_then(|name| Field::named(&name.value))),
        Err(error) => Err(format!("the XML is malformed in `{}`: {error}", &**tag)),
    }
}

/// The attribute of an element of `System` that says who wrote the event, or when.
fn attribute_of(element: &str) -> Option<&'static str> {
    match element {
        "Provider" => Some("Name"),
        "TimeCreated" => Some("SystemTime"),
        _ => None,
    }
}

/// What `System` says in attributes.
fn attributes(tag: &BytesStart<'_>, system: &mut System<'_>) -> Result<(), String> {
    let Some(name) = attribute_of(tag.local_name().into_inner()) else {
        return Ok(());
    };
    let malformed = |error: &dyn std::fmt::Display| format!("the XML is malformed in `{}`: {error}", &**tag);
    let Some(attribute) = tag.try_get_attribute(name).map_err(|error| malformed(&error))? else {
        return Ok(());
    };
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| malformed(&error))?;
    system.attribute(name, Cow::Owned(value.into_owned()));
    Ok(())
}
