//! The shape of a rule's YAML, as far as it is read.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

/// A document, or something that no rule can be.
pub(super) enum Document<T> {
    Mapping(T),
    Other,
}

/// The keys of a rule. Others are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fields {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) version: Option<String>,
    pub(super) severity: Option<Spanned<String>>,
    pub(super) query: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) tactics: Strings,
    #[serde(default)]
    pub(super) relevant_techniques: Strings,
    pub(super) kqltap: Option<Extension>,
}

/// What only kqltap knows.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Extension {
    pub(super) confidence: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) data_sources: Strings,
    #[serde(default)]
    pub(super) false_positives: Strings,
    pub(super) tests: Option<TestLists>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestLists {
    #[serde(default, rename = "match")]
    pub(super) matching: Vec<TestBlock>,
    #[serde(default, rename = "ignore")]
    pub(super) ignored: Vec<TestBlock>,
}

/// Records, one a line, that show the same thing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestBlock {
    pub(super) record: Spanned<String>,
    #[serde(default)]
    pub(super) expect: Map<String, Value>,
    pub(super) why: Option<String>,
}

/// Asks of a file that cannot be read as a rule whether it means to be one.
#[derive(Deserialize)]
pub(super) struct Probe {
    pub(super) query: Option<IgnoredAny>,
}

/// The text without white space around it; an empty one is none.
pub(super) fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Document<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor(PhantomData))
    }
}

struct DocumentVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for DocumentVisitor<T> {
    type Value = Document<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Document::Mapping)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Document::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Document::Other)
    }
}

/// A list of words; one word alone and a null count too, since both are found in rules.
#[derive(Default)]
pub(super) struct Strings(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringsVisitor)
    }
}

struct StringsVisitor;

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = Strings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of words")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strings, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = items.next_element::<Option<String>>()? {
            words.extend(trimmed(word));
        }
        Ok(Strings(words))
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Strings, E> {
        Ok(Strings(trimmed(Some(word.to_owned())).into_iter().collect()))
    }

    fn visit_unit<E>(self) -> Result<Strings, E> {
        Ok(Strings::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Strings, A::Error> {
        Err(A::Error::custom("expected a list of words, each on a line of its own behind `- `"))
    }
}
