//! The shape of a parser's YAML, as far as it is read.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The keys of Sentinel's parsers and of ASIM's. Others are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Fields {
    pub(super) function_name: Option<String>,
    pub(super) function_alias: Option<String>,
    pub(super) function_query: Option<Spanned<String>>,
    #[serde(default, alias = "FunctionParameters")]
    pub(super) function_params: Parameters,
    pub(super) equivalent_built_in_function: Option<String>,
    pub(super) parser_name: Option<String>,
    pub(super) parser_query: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) parser_params: Parameters,
    pub(super) equivalent_built_in_parser: Option<String>,
}

/// Asks of a file that cannot be read as a function whether it means to be one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Probe {
    function_query: Option<IgnoredAny>,
    parser_query: Option<IgnoredAny>,
}

impl Probe {
    pub(super) fn means_to_be(&self) -> bool {
        self.function_query.is_some() || self.parser_query.is_some()
    }
}

/// A function's parameters: one text, or a list.
#[derive(Default)]
pub(super) struct Parameters(pub(super) Vec<Parameter>);

/// One parameter, or a text of KQL with any number of them.
pub(super) enum Parameter {
    Text(String),
    Named { name: String, ty: String, default: Option<String> },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedParameter {
    name: String,
    r#type: String,
    default: Option<String>,
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParametersVisitor)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of parameters, each with Name, Type and Default, or one text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parameters, A::Error> {
        let mut list = Vec::new();
        while let Some(parameter) = items.next_element()? {
            list.push(parameter);
        }
        Ok(Parameters(list))
    }

    fn visit_str<E>(self, text: &str) -> Result<Parameters, E> {
        Ok(Parameters(vec![Parameter::Text(text.to_owned())]))
    }

    fn visit_unit<E>(self) -> Result<Parameters, E> {
        Ok(Parameters::default())
    }
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParameterVisitor)
    }
}

struct ParameterVisitor;

impl<'de> Visitor<'de> for ParameterVisitor {
    type Value = Parameter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parameter: Name, Type and Default, or a text such as `pack:bool=false`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parameter, A::Error> {
        let NamedParameter { name, r#type, default } = NamedParameter::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Parameter::Named { name, ty: r#type, default })
    }

    fn visit_str<E>(self, text: &str) -> Result<Parameter, E> {
        Ok(Parameter::Text(text.to_owned()))
    }
}
