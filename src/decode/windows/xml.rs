//! Events as XML: what Windows itself, forwarders and Sysmon for Linux write.
//!
//! The reader goes through the text once and borrows from it. `System` comes before the event's data, so an event that no
//! table wants is left before its data is read.

use std::borrow::Cow;

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event as Piece};
use quick_xml::name::QName;

use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows};
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

/// Where an element's text goes.
#[derive(Clone, Copy)]
enum Into {
    Id,
    Record,
    Host,
    Field(Field),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    System,
    Data,
}

/// Adds the row of each event of a text.
///
/// # Errors
/// What is wrong with the XML, as a sentence, and where.
pub(super) fn events(
    text: &str,
    decoder: &'static str,
    around: &Around<'_>,
    rows: &mut Rows,
) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut within = Within::Nothing;
    let mut system = System::default();
    let mut fields = Fields::new();
    let mut kind = None;
    let mut is_open = false;
    loop {
        match next(&mut reader)? {
            Piece::Start(tag) => match (tag.local_name().into_inner(), within) {
                ("Event", Within::Nothing) => is_open = true,
                ("System", Within::Nothing) => within = Within::System,
                ("EventData", Within::Nothing) => within = Within::Data,
                (name, Within::System) => {
                    let into = match name {
                        "EventID" => Some(Into::Id),
                        "EventRecordID" => Some(Into::Record),
                        "Computer" => Some(Into::Host),
                        _ => None,
                    };
                    attributes(&tag, &mut system)?;
                    let value = content(&mut reader, tag.name())?;
                    match into {
                        Some(Into::Id) => system.id = value,
                        Some(Into::Record) => system.record = Some(value),
                        Some(Into::Host) => system.host = Some(value),
                        _ => {}
                    }
                }
                ("Data", Within::Data) => {
                    let field = field_of(&tag)?;
                    let value = content(&mut reader, tag.name())?;
                    if let Some(field) = field {
                        fields.set(field, value);
                    }
                }
                _ => {}
            },
            Piece::Empty(tag) if within == Within::System => attributes(&tag, &mut system)?,
            Piece::End(tag) => match tag.local_name().into_inner() {
                "System" => {
                    within = Within::Nothing;
                    kind = Kind::wanted(system.provider, &system.id, rows);
                    if kind.is_none() && is_last(&reader, text) {
                        return Ok(());
                    }
                }
                "EventData" => within = Within::Nothing,
                "Event" => {
                    is_open = false;
                    let System { record, host, time, .. } = std::mem::take(&mut system);
                    if let Some(kind) = kind.take() {
                        Event { decoder, kind, record, host, time }.write(&fields, around, rows);
                        fields = Fields::new();
                    }
                    // What a daemon has put behind the last event is no XML.
                    if memmem::find(rest(&reader, text), b"<Event").is_none() {
                        return Ok(());
                    }
                }
                _ => {}
            },
            Piece::Eof if is_open => return Err("the XML ends within an event; was the line cut?".to_owned()),
            Piece::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Reads the data of an event whose `System` is elsewhere.
///
/// # Errors
/// As of [`events`].
pub(super) fn data<'t>(text: &'t str, fields: &mut Fields<'t>) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut is_within = false;
    loop {
        match next(&mut reader)? {
            Piece::Start(tag) => match tag.local_name().into_inner() {
                "EventData" => is_within = true,
                "Data" if is_within => {
                    let field = field_of(&tag)?;
                    let value = content(&mut reader, tag.name())?;
                    if let Some(field) = field {
                        fields.set(field, value);
                    }
                }
                _ => {}
            },
            Piece::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The values in a list of `<Param>`.
///
/// # Errors
/// As of [`events`].
pub(super) fn params(text: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut reader = Reader::from_str(text);
    let mut values = Vec::new();
    loop {
        match next(&mut reader)? {
            Piece::Start(tag) if tag.local_name().into_inner() == "Param" => {
                values.push(content(&mut reader, tag.name())?);
            }
            Piece::Empty(tag) if tag.local_name().into_inner() == "Param" => values.push(Cow::Borrowed("")),
            Piece::Eof => return Ok(values),
            _ => {}
        }
    }
}

fn next<'t>(reader: &mut Reader<&'t [u8]>) -> Result<Piece<'t>, String> {
    reader.read_event().map_err(|error| format!("the XML is malformed at byte {}: {error}", reader.error_position()))
}

fn rest<'t>(reader: &Reader<&'t [u8]>, text: &'t str) -> &'t [u8] {
    let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
    text.as_bytes().get(at..).unwrap_or_default()
}

/// Whether no other event follows the one that is being read.
fn is_last(reader: &Reader<&[u8]>, text: &str) -> bool {
    let rest = rest(reader, text);
    memmem::find(rest, b"</Event>") == memmem::rfind(rest, b"</Event>")
}

/// The text up to the end of the element. Elements within it are passed by.
fn content<'t>(reader: &mut Reader<&'t [u8]>, name: QName<'_>) -> Result<Cow<'t, str>, String> {
    let mut value = Cow::Borrowed("");
    let mut add = |piece: Cow<'t, str>| {
        if value.is_empty() {
            value = piece;
        } else {
            value.to_mut().push_str(&piece);
        }
    };
    let mut depth = 0_usize;
    loop {
        match next(reader)? {
            Piece::Text(text) if depth == 0 => add(text.into_inner()),
            Piece::CData(text) if depth == 0 => add(text.into_inner()),
            Piece::GeneralRef(entity) if depth == 0 => {
                let letter = entity.resolve_char_ref().map_err(|error| error.to_string())?;
                match (letter, resolve_predefined_entity(&entity)) {
                    (Some(letter), _) => add(Cow::Owned(letter.to_string())),
                    (None, Some(text)) => add(Cow::Borrowed(text)),
                    (None, None) => return Err(format!("the XML has an entity that nobody declared: `&{};`", &*entity)),
                }
            }
            Piece::Start(_) => depth += 1,
            Piece::End(_) if depth > 0 => depth -= 1,
            Piece::End(_) => return Ok(value),
            Piece::Eof => return Err(format!("the XML ends within `{}`; was the line cut?", name.into_inner())),
            _ => {}
        }
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
