//! Events as XML: what Windows itself, forwarders and Sysmon for Linux write.
//!
//! The reader goes through the text once and borrows from it. `System` comes before the event's data, so an event that no
//! table wants is left before its data is read.
//!
//! Syslog daemons cut long lines, and command lines are long. Of an event that is cut in its data, the values before the cut
//! become a row, without the one that was cut. Some agents put a blank for the semicolon of `&quot;`: that is understood.

use std::borrow::Cow;

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
    time: Option<DateTime>,
}

/// The innermost element that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Event,
    System,
    Data,
}

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
    // Looked for once: to look behind each event for another would take time that grows with the square of the text.
    let last = last_event(text);
    let is_last = |reader: &Reader<&[u8]>| last.is_none_or(|last| text.len() - reader.get_ref().len() > last);
    loop {
        if within == Within::Data {
            plain(&mut reader, &mut fields);
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
                    match name {
                        "EventID" => system.id = value,
                        "EventRecordID" => system.record = Some(value),
                        "Computer" => system.host = Some(value),
                        _ => {}
                    }
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
                    let System { record, host, time, .. } = std::mem::take(&mut system);
                    if let Some(kind) = kind.take() {
                        Event { decoder, kind, record, host, time }.write(&fields, around, rows);
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
    let System { record, host, time, .. } = system;
    match (kind, within) {
        (Some(kind), _) => Event { decoder, kind, record, host, time }.write(&fields, around, rows),
        (None, Within::Nothing | Within::Data) => Taken::Yes,
        (None, _) => return Err("the XML ends before it says which event this is; was the line cut?".to_owned()),
    };
    Ok(())
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
            plain(&mut reader, fields);
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

/// Takes elements off that are spelt as the log spells nearly all of them, `<Data Name='…'>…</Data>` with no entity: three
/// times as fast as reading them piece by piece. What is spelt in another way is left to the reader.
fn plain<'t>(reader: &mut Reader<&'t [u8]>, fields: &mut Fields<'t>) {
    let mut rest: &'t [u8] = reader.get_ref();
    while let Some((name, value, behind)) = plain_data(rest) {
        if let Some(field) = Field::named(name) {
            fields.set(field, Cow::Borrowed(value));
        }
        rest = behind;
    }
    *reader.get_mut() = rest;
}

/// The name and the value of such an element, and what is behind it.
fn plain_data(text: &[u8]) -> Option<(&str, &str, &[u8])> {
    let (quote, text) = text.strip_prefix(b"<Data Name=")?.split_first()?;
    if !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let end = memchr(*quote, text)?;
    let (name, text) = (&text[..end], text[end + 1..].strip_prefix(b">")?);
    let end = memchr2(b'<', b'&', text)?;
    let behind = text[end..].strip_prefix(b"</Data>")?;
    Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(&text[..end]).ok()?, behind))
}

/// Where the last event of the text begins.
fn last_event(text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let is_event = |at: &usize| text.get(at + b"<Event".len()).is_some_and(|b| *b == b'>' || b.is_ascii_whitespace());
    memmem::rfind_iter(text, b"<Event").find(is_event)
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

/// What `System` says in attributes: who wrote the event, and when.
fn attributes(tag: &BytesStart<'_>, system: &mut System<'_>) -> Result<(), String> {
    let name = match tag.local_name().into_inner() {
        "Provider" => "Name",
        "TimeCreated" => "SystemTime",
        _ => return Ok(()),
    };
    let malformed = |error: &dyn std::fmt::Display| format!("the XML is malformed in `{}`: {error}", &**tag);
    let Some(attribute) = tag.try_get_attribute(name).map_err(|error| malformed(&error))? else {
        return Ok(());
    };
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| malformed(&error))?;
    match name {
        "Name" => system.provider = Provider::named(&value),
        _ => system.time = DateTime::parse(&value),
    }
    Ok(())
}
