//! One document as a tree whose every key and value knows its place in the text.
//!
//! Schema, typed reading and complaints all read this tree, so that no two of them can disagree about one file.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// A place in the text of a file: bytes for snippets, line and column (in characters, from 1) for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where it is.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text, without duplicates.
    Map(Vec<Entry>),
    /// Something that could not be read and was complained about already.
    Broken,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key is.
    pub(crate) span: Span,
    /// The value.
    pub(crate) node: Node,
}

/// A node and the key it stands under, if any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The key's span; none for list items and the root.
    pub(crate) key: Option<Span>,
    /// The node.
    pub(crate) node: &'a Node,
}

impl Node {
    /// Returns the entry with this key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Returns the place at a route (JSON pointer).
    pub(crate) fn find(&self, route: &str) -> Option<Place<'_>> {
        let mut place = Place { key: None, node: self };
        for step in steps(route) {
            place = place.step(&step)?;
        }
        Some(place)
    }

    /// Returns the place at a route, or the nearest one above that exists.
    pub(crate) fn nearest(&self, route: &str) -> Place<'_> {
        let mut place = Place { key: None, node: self };
        for step in steps(route) {
            match place.step(&step) {
                Some(next) => place = next,
                None => break,
            }
        }
        place
    }

    /// Returns the same content as JSON; what could not be read is null.
    pub(crate) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null | Content::Broken => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.node.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// Removes the nodes at `routes` and everything that could not be read. The root stays. Routes of one list are taken as
    /// they were before the first removal.
    pub(crate) fn prune(&mut self, routes: &[String]) {
        for route in routes {
            let Some(node) = self.find_mut(route) else { continue };
            node.content = Content::Broken;
        }
        self.sweep();
    }

    /// Tells whether something in here could not be read.
    pub(crate) fn has_broken(&self) -> bool {
        match &self.content {
            Content::Broken => true,
            Content::List(items) => items.iter().any(Self::has_broken),
            Content::Map(entries) => entries.iter().any(|entry| entry.node.has_broken()),
            _ => false,
        }
    }

    fn sweep(&mut self) {
        match &mut self.content {
            Content::List(items) => {
                items.retain(|item| item.content != Content::Broken);
                items.iter_mut().for_each(Self::sweep);
            }
            Content::Map(entries) => {
                entries.retain(|entry| entry.node.content != Content::Broken);
                entries.iter_mut().for_each(|entry| entry.node.sweep());
            }
            _ => {}
        }
    }

    fn find_mut(&mut self, route: &str) -> Option<&mut Self> {
        let mut node = self;
        for step in steps(route) {
            node = match &mut node.content {
                Content::Map(entries) => &mut entries.iter_mut().find(|entry| entry.key == step)?.node,
                Content::List(items) => items.get_mut(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// Writes canonical JSON: keys sorted, no blanks.
    pub(crate) fn write_canonical(&self, out: &mut String) {
        match &self.content {
            Content::Map(entries) => {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                out.push('{');
                for (at, entry) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_json(out, &Value::String(entry.key.clone()));
                    out.push(':');
                    entry.node.write_canonical(out);
                }
                out.push('}');
            }
            Content::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write_canonical(out);
                }
                out.push(']');
            }
            _ => write_json(out, &self.to_value()),
        }
    }
}

fn write_json(out: &mut String, value: &Value) {
    // writing to a String cannot fail
    let _ = write!(out, "{value}");
}

impl<'a> Place<'a> {
    fn step(self, step: &str) -> Option<Self> {
        match &self.node.content {
            Content::Map(_) => {
                let entry = self.node.entry(step)?;
                Some(Self { key: Some(entry.span), node: &entry.node })
            }
            Content::List(items) => Some(Self { key: None, node: items.get(step.parse::<usize>().ok()?)? }),
            _ => None,
        }
    }
}

/// Returns the steps of a route, unescaped.
fn steps(route: &str) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    route.split('/').skip(1).map(|step| match step.contains('~') {
        true => step.replace("~1", "/").replace("~0", "~").into(),
        false => step.into(),
    })
}

/// Returns `key` as a step of a route.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node { span: Span::default(), content: Content::Text(text.to_owned()) }
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let entries = entries.into_iter().map(|(key, node)| Entry { key: key.to_owned(), span: Span::default(), node });
        Node { span: Span::default(), content: Content::Map(entries.collect()) }
    }

    #[test]
    fn routes_find_escaped_keys_and_items() {
        let list = Node { span: Span::default(), content: Content::List(vec![text("x"), text("y")]) };
        let tree = map(vec![("a/b~", list)]);
        assert_eq!(tree.find("/a~1b~0/1").unwrap().node, &text("y"));
        assert!(tree.find("/a~1b~0/2").is_none());
        assert_eq!(escape("a/b~"), "a~1b~0");
    }

    #[test]
    fn pruning_keeps_the_rest_in_order() {
        let list = Node { span: Span::default(), content: Content::List(vec![text("a"), text("b"), text("c")]) };
        let mut tree = map(vec![("l", list), ("k", text("v"))]);
        tree.prune(&["/l/0".to_owned(), "/l/1".to_owned(), "/k".to_owned(), "/none".to_owned()]);
        assert_eq!(tree.to_value(), serde_json::json!({"l": ["c"]}));
    }

    #[test]
    fn canonical_text_does_not_depend_on_the_order_of_keys() {
        let (mut a, mut b) = (String::new(), String::new());
        map(vec![("x", text("1")), ("y", text("\""))]).write_canonical(&mut a);
        map(vec![("y", text("\"")), ("x", text("1"))]).write_canonical(&mut b);
        assert_eq!(a, b);
        assert_eq!(a, r#"{"x":"1","y":"\""}"#);
    }
}
