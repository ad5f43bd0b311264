//! `kqltap tables`: the tables that queries can name.

use std::path::Path;

use super::args::TablesArguments;
use super::{OK, USAGE, print};
use crate::schema::Catalog;

pub(super) fn tables(arguments: &TablesArguments) -> u8 {
    let mut catalog = Catalog::builtin();
    for path in &arguments.table_schemas {
        if let Err(error) = catalog.add_path(Path::new(path)) {
            say!(Error; "kqltap: {error}");
            return USAGE;
        }
    }
    let Some(name) = &arguments.name else {
        let names: String = catalog.names().map(|name| format!("{name}\n")).collect();
        print(&names);
        return OK;
    };
    let Some(table) = catalog.table(name) else {
        let near = catalog.suggest(name).map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        say!(Error; "kqltap: there is no table '{name}'{near}");
        return USAGE;
    };
    let width = table.columns.iter().map(|c| c.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for column in &table.columns {
        let mut line = format!("{:width$}  {:8}", column.name, column.ty.name());
        // The first member is the column's own name.
        let others: Vec<String> = column
            .members
            .iter()
            .skip(1)
            .map(|m| if m.envelope { format!("envelope.{}", m.name) } else { m.name.clone() })
            .collect();
        if !others.is_empty() {
            line.push_str(&format!("  also {}", others.join(", ")));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    print(&text);
    OK
}
