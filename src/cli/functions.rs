//! `kqltap functions`: the functions that queries can call, from the registries that the binder itself asks.

use super::args::FunctionsArguments;
use super::libraries::Known;
use super::{OK, USAGE, print};
use crate::compile::{PLUGINS, several_columns};
use crate::diagnostic::suggest;
use crate::rows::aggregate;
use crate::value::functions;

/// What is said of one function.
struct Entry {
    name: String,
    signature: String,
    kind: &'static str,
    doc: String,
}

pub(super) fn functions(arguments: &FunctionsArguments) -> u8 {
    let Some(known) = Known::from_flags(&arguments.libraries) else { return USAGE };
    let entries = entries(&known);
    let Some(name) = &arguments.name else {
        let width = entries.iter().map(|e| e.kind.len()).max().unwrap_or(0);
        let lines: String = entries.iter().map(|e| format!("{:width$}  {}\n", e.kind, e.signature)).collect();
        print(&lines);
        return OK;
    };
    let found: Vec<&Entry> = entries.iter().filter(|entry| entry.name == *name).collect();
    if found.is_empty() {
        let near = suggest(name, entries.iter().map(|entry| entry.name.as_str()));
        let near = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        say!(Error; "kqltap: there is no function '{name}'{near}");
        return USAGE;
    }
    // A name may be a scalar function and an aggregate both.
    let text: String = found.iter().map(|e| format!("{} ({})\n    {}\n", e.signature, e.kind, e.doc)).collect();
    print(&text);
    OK
}

/// All of them, kind by kind, each kind in the order of its names.
fn entries(known: &Known) -> Vec<Entry> {
    let scalar = functions::all().map(|f| Entry {
        name: f.name.to_owned(),
        signature: f.signature.to_owned(),
        kind: "scalar",
        doc: f.doc.to_owned(),
    });
    let several = several_columns().map(|(name, bag)| Entry {
        name: name.to_owned(),
        signature: bag.signature.replacen(bag.name, name, 1),
        kind: "columns",
        doc: format!("In extend, project and print, as columns: {}", bag.doc),
    });
    let plugins = PLUGINS.iter().map(|plugin| Entry {
        name: plugin.name.to_owned(),
        signature: plugin.signature.to_owned(),
        kind: "plug-in",
        doc: plugin.doc.to_owned(),
    });
    let aggregates = aggregate::all().map(|f| Entry {
        name: f.name.to_owned(),
        signature: f.signature.to_owned(),
        kind: "aggregate",
        doc: f.doc.to_owned(),
    });
    let library = &known.libraries.functions;
    let saved = library.names().into_iter().filter_map(|name| {
        let function = library.find(name)?;
        let mut doc = format!("From {}.", function.path);
        if name != function.name {
            doc.push_str(&format!(" Another name of '{}'.", function.name));
        }
        if let Some(error) = function.error() {
            doc.push_str(&format!(" It cannot be called: {error}"));
        }
        let signature = function.signature().replacen(&function.name, name, 1);
        Some(Entry { name: name.to_owned(), signature, kind: "saved", doc })
    });
    let mut kinds =
        [scalar.collect::<Vec<_>>(), several.collect(), aggregates.collect(), plugins.collect(), saved.collect()];
    kinds.iter_mut().for_each(|kind| kind.sort_by(|a, b| a.name.cmp(&b.name)));
    kinds.into_iter().flatten().collect()
}
