//! `parse_xml`: an XML text as the dynamic that Kusto makes of it.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::arguments::text_at;
use super::limits::{self, MAX_TEXT};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[Function::of("parse_xml", "parse_xml(text)", PARSE_XML)
    .takes(1, 1, &[Param::Text])
    .calls(ScalarType::Dynamic, parse_xml)];

const PARSE_XML: &str = "An XML text as a dynamic: an element is a member, several of one name an array of them, an attribute \
                         the member @name, text beside either the member #text. Values stay text. Null for what is no XML \
                         or longer than 1 MiB.";

fn parse_xml<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let text = text_at(arguments, 0);
    if text.len() > MAX_TEXT {
        return Value::Null;
    }
    document(&text).map_or(Value::Null, limits::bounded)
}

/// An element while it is read.
#[derive(Default)]
struct Element {
    name: String,
    members: Vec<(String, Dynamic<'static>)>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Option<Element> {
        let name = start.name().as_ref().to_owned();
        let mut members = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let name = attribute.key.as_ref();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
            members.push((format!("@{name}"), Dynamic::String(value.into())));
        }
        Some(Element { name, members, text: String::new() })
    }

    fn value(self) -> Dynamic<'static> {
        let text = self.text.trim();
        let text = (!text.is_empty()).then(|| Dynamic::String(Cow::Owned(text.to_owned())));
        if self.members.is_empty() {
            return text.unwrap_or(Dynamic::Null);
        }
        let text = text.map(|text| ("#text".to_owned(), text));
        grouped(self.members.into_iter().chain(text))
    }
}

/// A bag in which members of one name are an array.
fn grouped(members: impl Iterator<Item = (String, Dynamic<'static>)>) -> Dynamic<'static> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<(String, Vec<Dynamic<'static>>)> = Vec::new();
    for (name, value) in members {
        let place = *places.entry(name.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    let members = groups.into_iter().map(|(name, mut values)| {
        let value = match (values.len(), values.pop()) {
            (1, Some(only)) => only,
            (_, last) => Dynamic::Array(values.into_iter().chain(last).collect()),
        };
        (Cow::Owned(name), value)
    });
    Dynamic::Bag(members.collect())
}

fn document(text: &str) -> Option<Dynamic<'static>> {
    let mut reader = Reader::from_str(text);
    // Open elements, the outermost first; below them lies what will hold the root.
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            // Each level of elements may be an array in a bag.
            Event::Start(_) if open.len() >= MAX_DEPTH / 2 => return None,
            Event::Start(start) => open.push(Element::of(&start)?),
            Event::Empty(start) => {
                let element = Element::of(&start)?;
                close(&mut open, element)?;
            }
            Event::End(_) => {
                let element = open.pop()?;
                close(&mut open, element)?;
            }
            Event::Text(part) => open.last_mut()?.text.push_str(&part.xml10_content()),
            Event::CData(part) => open.last_mut()?.text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)?.to_owned(),
                };
                open.last_mut()?.text.push_str(&c);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let root = open.pop()?;
    // One root, closed, and nothing beside it.
    (open.is_empty() && root.members.len() == 1 && root.text.trim().is_empty()).then(|| root.value())
}

fn close(open: &mut [Element], element: Element) -> Option<()> {
    let parent = open.last_mut()?;
    parent.members.push((element.name.clone(), element.value()));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::json_of;
    use super::*;

    #[test]
    fn elements_become_members() {
        for (xml, expected) in [
            ("<e/>", r#"{"e":null}"#),
            ("<e>text</e>", r#"{"e":"text"}"#),
            (r#"<e name="value" />"#, r#"{"e":{"@name":"value"}}"#),
            (r#"<e name="a&amp;b">text</e>"#, r##"{"e":{"@name":"a&b","#text":"text"}}"##),
            ("<e> <a>1</a> <b>2</b> </e>", r#"{"e":{"a":"1","b":"2"}}"#),
            ("<e><a>1</a><a>2</a><a/></e>", r#"{"e":{"a":["1","2",null]}}"#),
            ("<e> text <a>1</a> </e>", r##"{"e":{"a":"1","#text":"text"}}"##),
            ("<?xml version=\"1.0\"?><!-- c --><e>&lt;&#65;<![CDATA[<x>]]></e>", r#"{"e":"<A<x>"}"#),
        ] {
            assert_eq!(json_of("parse_xml", &[Value::string(xml)]), expected, "{xml}");
        }
    }

    #[test]
    fn what_is_no_xml_is_null() {
        let deep = "<e>".repeat(100_000);
        for xml in ["", "text", "<e>", "<e></f>", "<e/><f/>", "<e>&unknown;</e>", "<e a=1/>", &deep] {
            assert_eq!(json_of("parse_xml", &[Value::string(xml)]), "null");
        }
    }
}
