//! `make-graph`, and what is made of it: tables of nodes and edges.
//!
//! <https://learn.microsoft.com/kusto/query/make-graph-operator>. A graph is two tables; its nodes are those of a table, if there
//! is one, and those that only edges name.

use std::rc::Rc;

use super::composed::quoted;
use super::scope::Tabular;
use super::{Binder, Lets, Meaning};
use crate::compile::bound::{OutputColumn, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Graph, GraphOutput, Name};
use crate::schema::ScalarType;

/// What the component's number is called.
const COMPONENT: &str = "ComponentId";

/// What edges call a node, beside its own columns.
const ID: &str = "__node";

impl Binder<'_> {
    pub(super) fn graph(&mut self, mut edges: Tabular, graph: &Graph, span: Span) -> Option<Tabular> {
        let column = |name: &Name| Expr { kind: ExprKind::Name(name.clone()), span: name.span };
        let places = [&graph.source, &graph.target].map(|name| self.place_of(&mut edges, &column(name)));
        let [Some(source), Some(target)] = places else { return None };
        let [from, to] = [source, target].map(|at| edges.legs[0].columns[at].ty);
        if from != to {
            self.error(
                "KS107",
                graph.target.span,
                format!("both ends must be of one type, and these are {from} and {to}"),
            );
            return None;
        }
        let (source, target) = (quoted(&graph.source.text), quoted(&graph.target.text));
        if let GraphOutput::Edges { source: as_source, target: as_target } = &graph.output {
            let hash = |name: &Option<Name>, of: &str| {
                name.as_ref().map_or(String::new(), |name| format!("{} = hash({of}), ", quoted(&name.text)))
            };
            let columns: Vec<String> = edges.columns().iter().map(|c| quoted(&c.name)).collect();
            let (first, second) = (hash(as_source, &source), hash(as_target, &target));
            let query = format!("T | project {first}{second}{}", columns.join(", "));
            return self.through("make-graph", &query, Lets::new(), edges, span);
        }
        let ends = edges.clone();
        let mut nodes = self.nodes(edges, graph, (&source, &target), span)?;
        let mut columns = nodes.columns();
        let id = columns.iter().position(|column| column.name == ID)?;
        let mut shown: Vec<String> = columns.iter().filter(|c| c.name != ID).map(|c| quoted(&c.name)).collect();
        if let Some(components) = &graph.components {
            let name = components.name.as_ref().map_or(COMPONENT, |name| name.text.as_str());
            if columns.iter().any(|column| column.name == name) {
                self.error("KS171", span, format!("nodes have a column '{name}' already"));
                return None;
            }
            shown.push(quoted(name));
            columns.push(OutputColumn { name: name.to_owned(), ty: ScalarType::Long });
            let query = format!("T | project __from = {source}, __to = {target}");
            let pairs = self.through("make-graph", &query, Lets::new(), ends, span)?.finish();
            let kind = RowsKind::Components { id, edges: Box::new(pairs), strong: components.strong };
            nodes = Tabular::of(self.rows(kind, nodes.finish(), columns, span, "graph-mark-components"));
        }
        if let GraphOutput::Nodes { id: Some(name) } = &graph.output {
            shown.insert(0, format!("{} = hash({ID})", quoted(&name.text)));
        }
        if shown.is_empty() {
            self.error("KT003", span, "nodes of no table and without 'with_node_id' have no columns");
            return None;
        }
        self.through("graph-to-table", &format!("T | project {}", shown.join(", ")), Lets::new(), nodes, span)
    }

    /// The nodes, each once, with what edges call them in [`ID`].
    fn nodes(&mut self, edges: Tabular, graph: &Graph, (source, target): (&str, &str), span: Span) -> Option<Tabular> {
        let ends = format!("union (T | project {ID} = {source}), (T | project {ID} = {target}) | distinct {ID}");
        let mut lets = Lets::new();
        let query = match &graph.nodes {
            None => match &graph.node_id {
                Some(name) => format!("{ends} | project {} = {ID}, {ID}", quoted(&name.text)),
                None => ends,
            },
            Some((table, id)) => {
                let mut table = self.tabular(table)?;
                let id_column = Expr { kind: ExprKind::Name(id.clone()), span: id.span };
                let at = self.place_of(&mut table, &id_column)?;
                let columns = table.columns();
                let (ty, wanted) = (columns[at].ty, edges.columns().iter().find(|c| quoted(&c.name) == *source)?.ty);
                if ty != wanted {
                    self.error("KS107", id.span, format!("edges call nodes by a {wanted}, and this is a {ty}"));
                    return None;
                }
                lets.insert("nodes".to_owned(), Meaning::Tabular(Rc::new(table)));
                let own = quoted(&id.text);
                let shown: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
                format!(
                    "let known = nodes | extend {ID} = {own} | summarize take_any(*) by {ID}; \
                     union known, ({ends} | join kind=leftanti known on {ID} | extend {own} = {ID}) | project {}, {ID}",
                    shown.join(", ")
                )
            }
        };
        self.through("make-graph", &query, lets, edges, span)
    }
}
