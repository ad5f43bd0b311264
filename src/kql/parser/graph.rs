//! `make-graph`, and the operators over graphs behind it.

use super::{Parser, Read};
use crate::diagnostic::Diagnostic;
use crate::kql::ast::{Components, Expr, ExprKind, Graph, GraphOutput, Name};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `source --> target with nodes on id with_node_id=name | graph-mark-components … | graph-to-table …`
    pub(super) fn make_graph(&mut self) -> Read<Graph> {
        self.hints()?;
        let depth = self.peek().depth;
        let source = self.name("name of a column")?;
        for part in [TokenKind::Minus, TokenKind::Minus, TokenKind::Greater] {
            self.expect(part, "`-->`")?;
        }
        let target = self.name("name of a column")?;
        let output = GraphOutput::Nodes { id: None };
        let mut graph = Graph { source, target, nodes: None, node_id: None, components: None, output };
        if self.eat_word("with") {
            let table = self.path()?;
            self.keyword("on")?;
            graph.nodes = Some((table, self.name("name of a column")?));
        }
        graph.node_id = given(&self.parameters(|name| name == "with_node_id")?, "with_node_id");
        if self.at(TokenKind::Comma) && graph.nodes.is_some() {
            let message = "A `make-graph` with two tables of nodes is not supported: put them together before it.";
            return Err(self.report(Diagnostic::error("KT001", self.here(), message)));
        }
        while self.at(TokenKind::Pipe) && self.peek().depth == depth {
            self.bump();
            let (word, length) = self.operator_name();
            match word {
                "graph-mark-components" => {
                    self.at += length;
                    let parameters = self.parameters(|name| matches!(name, "kind" | "with_component_id"))?;
                    if let Some((_, value)) = parameters.iter().find(|(name, _)| name.text == "kind")
                        && !given(&parameters, "kind").is_some_and(|kind| matches!(&*kind.text, "weak" | "strong"))
                    {
                        let message = "A `kind` of components is `weak` or `strong`.";
                        return Err(self.report(Diagnostic::error("KS002", value.span, message)));
                    }
                    let strong = given(&parameters, "kind").is_some_and(|kind| kind.text == "strong");
                    graph.components = Some(Components { strong, name: given(&parameters, "with_component_id") });
                }
                "graph-to-table" => {
                    self.at += length;
                    graph.output = self.graph_output()?;
                    return Ok(graph);
                }
                _ => break,
            }
        }
        let message = "Behind `make-graph` the operator `graph-to-table` must follow, with `graph-mark-components` before it or nothing.";
        Err(self.report(Diagnostic::error("KT001", self.here(), message)))
    }

    fn graph_output(&mut self) -> Read<GraphOutput> {
        if self.eat_word("edges") {
            let parameters = self.parameters(|name| matches!(name, "with_source_id" | "with_target_id"))?;
            let of = |name: &str| given(&parameters, name);
            return Ok(GraphOutput::Edges { source: of("with_source_id"), target: of("with_target_id") });
        }
        self.keyword("nodes")?;
        let parameters = self.parameters(|name| name == "with_node_id")?;
        Ok(GraphOutput::Nodes { id: given(&parameters, "with_node_id") })
    }
}

/// The name that a parameter is given.
fn given(parameters: &[(Name, Expr)], wanted: &str) -> Option<Name> {
    parameters.iter().find(|(name, _)| name.text == wanted).and_then(|(_, value)| match &value.kind {
        ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    })
}
