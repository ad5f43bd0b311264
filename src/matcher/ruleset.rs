//! Every rule of a run, ready to be held against records: immutable, shared by every worker.

use std::sync::Arc;

use super::column::{BuildError, ColumnMatcher};
use super::gate::{Gate, MAX_LITERALS};
use super::index::Index;
use crate::compile::ir::{Subject, TableProgram};
use crate::compile::{BoundRule, literals, programs};
use crate::decode;
use crate::parallel;
use crate::record::{CARRIERS, Layout, TableColumns};
use crate::schema::Catalog;

/// Every rule of a run, and a program for each table that they read.
#[derive(Debug)]
pub struct Ruleset {
    /// In the order in which they were given.
    pub rules: Vec<BoundRule>,
    /// One a table, in the order of the layout.
    pub tables: Vec<TableMatcher>,
    /// Which members of a record are decoded.
    pub layout: Arc<Layout>,
    /// Which lines are decoded.
    pub gate: GatePlan,
}

/// The gate, or why there is none.
#[derive(Debug)]
pub enum GatePlan {
    /// Lines without any of its literals are not decoded.
    On(Box<Gate>),
    /// Every line is decoded.
    Off(String),
}

/// The literals that one detection asks of a line, and where they are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// From its filter.
    Filter(literals::Group),
    /// Its filter asks for none; what names its table must stand in the line.
    Table(literals::Group),
    /// Any line may match it.
    Nothing,
}

/// One table's program and its automata.
#[derive(Debug)]
pub struct TableMatcher {
    /// What is evaluated.
    pub program: TableProgram,
    /// The automaton of each of the program's subjects.
    pub columns: Vec<ColumnMatcher>,
    /// Which detections a record can match; none where they are few.
    pub index: Option<Index>,
    /// Whether the table's rows hold other senders' events.
    pub carries: bool,
}

impl Ruleset {
    /// Compiles bound rules. `default_table` is the table of records that name none.
    pub fn new(rules: Vec<BoundRule>, catalog: &Catalog, default_table: Option<&str>) -> Result<Ruleset, BuildError> {
        let programs = programs(&rules);
        let wanted: Vec<TableColumns> =
            programs.iter().map(|p| TableColumns { table: p.table.clone(), columns: p.columns.clone() }).collect();
        let deciding = programs.iter().map(TableProgram::deciding).collect();
        let layout = Arc::new(Layout::new(catalog, &wanted, default_table).deciding(deciding));
        let least = if rules.len() < parallel::MANY_RULES { usize::MAX } else { 2 };
        let subjects: Vec<&Subject> = programs.iter().flat_map(|program| &program.subjects).collect();
        let (gate, columns) = parallel::both(
            || gate(&rules, &programs, default_table),
            || parallel::map(subjects, least, ColumnMatcher::new),
        );
        let mut columns = columns.into_iter();
        let indexes = parallel::map(programs.iter().collect(), least, Index::new);
        let mut tables = Vec::with_capacity(programs.len());
        for (program, index) in programs.into_iter().zip(indexes) {
            let columns = columns.by_ref().take(program.subjects.len()).collect::<Result<_, _>>()?;
            let carries = CARRIERS.contains(&program.table.name.as_str());
            tables.push(TableMatcher { program, columns, index, carries });
        }
        Ok(Ruleset { rules, tables, layout, gate })
    }
}

/// What a detection asks of a line.
pub fn required(program: &TableProgram, filter: &[crate::compile::ir::ExprId], is_default: bool) -> Required {
    if let Some(group) = literals::of_filter(program, filter) {
        return Required::Filter(group);
    }
    match literals::of_table(program, is_default) {
        Some(group) => Required::Table(group),
        None => Required::Nothing,
    }
}

fn gate(rules: &[BoundRule], programs: &[TableProgram], default_table: Option<&str>) -> GatePlan {
    let mut all = Vec::new();
    for program in programs {
        let is_default = default_table == Some(program.table.name.as_str());
        for detection in &program.detections {
            match required(program, &detection.filter, is_default) {
                Required::Filter(group) | Required::Table(group) => all.extend(group),
                Required::Nothing => {
                    let name = &rules[detection.rule].rule.name;
                    return GatePlan::Off(format!("any line may match a detection of rule '{name}'"));
                }
            }
        }
    }
    // A sender's line names no table and spells no column: whatever may be one is decoded.
    if programs.iter().any(|program| decode::TABLES.contains(&program.table.name.as_str())) {
        all.extend(decode::markers());
    }
    let all = literals::reduced(all);
    match all.len() {
        0..=MAX_LITERALS => GatePlan::On(Box::new(Gate::new(all.into_iter().map(|literal| literal.text).collect()))),
        n => GatePlan::Off(format!("{n} literals would have to be looked for, and more than {MAX_LITERALS} are not")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compile::{BindOptions, bind_rule};
    use crate::{kql, rule};

    /// The columns that decide, of those that the rules read of the first table.
    fn deciding(query: &str) -> String {
        let catalog = Catalog::builtin();
        let bind = |rule| bind_rule(rule, &catalog, &kql::Limits::default(), BindOptions::default()).0.unwrap();
        let rules = rule::parse_kql("rule.kql", query).unwrap().into_iter().map(bind).collect();
        let ruleset = Ruleset::new(rules, &catalog, None).unwrap();
        let program = &ruleset.tables[0].program;
        let columns = program.columns.iter().zip(program.deciding());
        let mut names: Vec<&str> = columns.filter(|(_, decides)| *decides).map(|(column, _)| &*column.name).collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[test]
    fn what_is_only_shown_of_a_record_does_not_decide() {
        let cases = [
            ("| where FolderPath has 'x' | project Timestamp, DeviceName, FolderPath", "FolderPath"),
            ("| project Timestamp, FileName | where Timestamp > datetime(2026-11-24)", "Timestamp"),
            // How far back a scheduled rule looks is no question to a record that passes.
            ("| where Timestamp > ago(1d) | project FileName", ""),
            (
                "| extend both = strcat(FileName, ActionType) | where both has 'x' or ReportId == 7",
                "ActionType FileName ReportId",
            ),
            ("| where not(tolower(FileName) in ('x', 'y')) | where FileName == SHA1", "FileName SHA1"),
            ("| project DeviceName", ""),
            // The whole query is run over such a record.
            ("| mv-expand x = todynamic(AdditionalFields) | project FileName, SHA1", "AdditionalFields FileName SHA1"),
        ];
        for (rest, names) in cases {
            assert_eq!(deciding(&format!("DeviceFileEvents {rest}")), names, "{rest}");
        }
    }
}
