//! Text to trees: one event stream of the YAML parser, one tree per document, every mistake reported.
//!
//! Bounded in time and memory whatever the text: nesting, aliases, documents, values and complaints all have limits. A syntax
//! error costs its own document only.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::manifest::code;
use crate::manifest::compose::key::Key;
use crate::manifest::place::{convert, origin};
use crate::manifest::source::SourceFile;
use crate::manifest::syntax;
use crate::manifest::tree::{Content, Entry, Node, Span};

mod key;
mod value;

/// Deepest nesting of mappings and lists.
pub(crate) const DEPTH: usize = 128;
/// How many values the aliases of one file may expand to.
const ALIAS_BUDGET: usize = 100_000;
/// How many values one document may hold.
const NODES_PER_DOCUMENT: usize = 100_000;
/// How many values, and how many documents, a run may hold. At some 150 bytes a value this bounds memory.
const NODES: usize = 2_000_000;
const DOCUMENTS: usize = 100_000;
/// How many complaints about the YAML of one file are reported before the rest of it is given up.
const COMPLAINTS: usize = 100;

/// What is left of the limits of a run.
#[derive(Debug)]
pub(crate) struct Budget {
    nodes: usize,
    documents: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes: NODES, documents: DOCUMENTS }
    }
}

/// What one file gave.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    /// The documents, empty ones left out.
    pub(crate) documents: Vec<Node>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether a document was lost, so that nobody can say what is declared and what is not.
    pub(crate) is_incomplete: bool,
}

/// Reads all documents of a file.
pub(crate) fn compose(file: &SourceFile, budget: &mut Budget) -> Composed {
    let mut composer = Composer::new(file, budget);
    composer.run();
    composer.out.diagnostics.extend(syntax::separator(file, &composer.separators, &composer.quoted));
    composer.out
}

/// A collection that is still open.
struct Frame {
    span: Span,
    anchor: usize,
    /// Deepest nesting below, from aliases.
    depth: usize,
    nodes: usize,
    holds: Holds,
}

enum Holds {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Key> },
}

/// A finished node as it is kept for aliases and handed to its parent.
struct Finished {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Composer<'a> {
    file: &'a SourceFile,
    budget: &'a mut Budget,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize, usize)>,
    alias_budget: usize,
    document_nodes: usize,
    /// Byte offsets of NEL, LS and PS.
    separators: Vec<usize>,
    /// Bytes of quoted scalars; collected only when there are separators.
    quoted: Vec<(usize, usize)>,
    out: Composed,
}

/// Why the rest of a document, or of the file, is not read.
enum Stop {
    Document,
    File,
}

impl<'a> Composer<'a> {
    fn new(file: &'a SourceFile, budget: &'a mut Budget) -> Self {
        let separators = syntax::separators(&file.text);
        Self {
            file,
            budget,
            stack: Vec::new(),
            anchors: HashMap::new(),
            alias_budget: ALIAS_BUDGET,
            document_nodes: 0,
            separators,
            quoted: Vec::new(),
            out: Composed::default(),
        }
    }

    fn run(&mut self) {
        let file = self.file;
        let options = granit_parser::options! {
            emit_comments: false,
            disallow_directives: true,
            block_nesting_limit: DEPTH,
            flow_nesting_limit: DEPTH,
        };
        let mut parser = Parser::new_from_str_with_options(&file.text, options);
        let mut is_skipping = false;
        loop {
            let stop = match parser.next_event() {
                None => return,
                Some(Ok((Event::DocumentStart(..), span))) => {
                    is_skipping = false;
                    self.begin_document(&convert(&span)).err()
                }
                Some(Ok(_)) if is_skipping => None,
                Some(Ok((event, span))) => self.take(event, &span).err(),
                Some(Err(error)) => match self.recover(&mut parser, &error) {
                    true => None,
                    false => return,
                },
            };
            match stop {
                None => {}
                Some(Stop::Document) => {
                    self.out.is_incomplete = true;
                    self.stack.clear();
                    is_skipping = true;
                }
                Some(Stop::File) => {
                    self.out.is_incomplete = true;
                    return;
                }
            }
            if self.out.diagnostics.len() >= COMPLAINTS {
                self.out.is_incomplete = true;
                return;
            }
        }
    }

    /// Reports a syntax error and goes on with the next document; false when there is none.
    fn recover(&mut self, parser: &mut Parser<'a, StrInput<'a>>, error: &ScanError) -> bool {
        self.out.is_incomplete = true;
        self.stack.clear();
        self.anchors.clear();
        let diagnostic = syntax::complaint(self.file, error);
        // an error met again while looking for the next document says nothing new
        if self.out.diagnostics.last() != Some(&diagnostic) {
            self.out.diagnostics.push(diagnostic);
        }
        if self.out.diagnostics.len() >= COMPLAINTS {
            return false;
        }
        match parser.proceed_next_document() {
            Ok(more) => more,
            Err(error) => {
                let diagnostic = syntax::complaint(self.file, &error);
                if self.out.diagnostics.last() != Some(&diagnostic) {
                    self.out.diagnostics.push(diagnostic);
                }
                false
            }
        }
    }

    fn begin_document(&mut self, span: &Span) -> Result<(), Stop> {
        self.stack.clear();
        self.anchors.clear();
        self.document_nodes = 0;
        match self.budget.documents.checked_sub(1) {
            Some(left) => self.budget.documents = left,
            None => {
                self.complain(code::DOCUMENT_LIMIT, *span, format!("more than {DOCUMENTS} documents"));
                return Err(Stop::File);
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Stop> {
        let span = convert(at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) && !self.separators.is_empty()
                {
                    self.quoted.push((span.start as usize, span.end as usize));
                }
                if self.takes_key() {
                    return self.take_key(&text, style, tag.as_deref(), anchor, span);
                }
                self.charge(span)?;
                let content = self.scalar(text, style, tag.as_deref(), span);
                self.finish(Finished { node: Node { span, content }, nodes: 1, depth: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = tag.as_deref();
                self.open(Holds::List(Vec::new()), span, anchor, tag.filter(|t| t.core_suffix() != Some("seq")))
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = tag.as_deref();
                let holds = Holds::Map { entries: Vec::new(), key: None };
                self.open(holds, span, anchor, tag.filter(|t| t.core_suffix() != Some("map")))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, holds: Holds, span: Span, anchor: usize, bad_tag: Option<&Tag>) -> Result<(), Stop> {
        if let Some(tag) = bad_tag {
            self.complain(code::UNKNOWN_TAG, span, format!("the tag `{}` is not known here", tag.original()));
            self.help("leave the tag out: values mean what YAML 1.2 says");
        }
        if self.takes_key() {
            self.complain(code::KEY_NOT_TEXT, span, "a key must be a text, found a mapping or list");
            return Err(Stop::Document);
        }
        self.charge(span)?;
        if self.stack.len() >= DEPTH {
            self.complain(code::NESTING_LIMIT, span, format!("nested deeper than {DEPTH} levels"));
            return Err(Stop::Document);
        }
        self.stack.push(Frame { span, anchor, depth: 0, nodes: 1, holds });
        Ok(())
    }

    fn close(&mut self, at: Span) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let mut span = frame.span;
        // the end event of a block collection sits at the next token: take the end of the last child
        let (content, last) = match frame.holds {
            Holds::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (Content::List(items), last)
            }
            Holds::Map { entries, .. } => {
                let entries = self.without_duplicates(entries);
                let last = entries.last().map(|entry| entry.node.span.end.max(entry.span.end));
                (Content::Map(entries), last)
            }
        };
        let is_flow = span.end > span.start;
        span.end = if is_flow { at.end } else { last.unwrap_or(span.end) }.max(span.start);
        let finished = Finished { node: Node { span, content }, nodes: frame.nodes, depth: frame.depth + 1 };
        self.finish(finished, frame.anchor)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        if self.takes_key() {
            self.complain(code::KEY_NOT_TEXT, span, "a key must be a text, found an alias");
            self.set_key(Key::Refused);
            return Ok(());
        }
        if self.stack.iter().any(|frame| frame.anchor == id) {
            self.complain(code::ALIAS_LOOP, span, "the alias stands inside of what it refers to");
            return self.finish(Finished { node: Node { span, content: Content::Broken }, nodes: 1, depth: 0 }, 0);
        }
        let Some((node, nodes, depth)) = self.anchors.get(&id) else {
            // a key that was refused, or an anchor on something that was
            return self.finish(Finished { node: Node { span, content: Content::Broken }, nodes: 1, depth: 0 }, 0);
        };
        let (nodes, depth) = (*nodes, *depth);
        if nodes > self.alias_budget {
            self.complain(code::ALIAS_LIMIT, span, format!("the aliases expand to more than {ALIAS_BUDGET} values"));
            return Err(Stop::File);
        }
        if self.stack.len() + depth > DEPTH {
            self.complain(code::NESTING_LIMIT, span, format!("nested deeper than {DEPTH} levels"));
            return Err(Stop::Document);
        }
        let mut node = node.clone();
        node.span = span;
        self.alias_budget -= nodes;
        self.finish(Finished { node, nodes, depth }, 0)
    }

    /// Hands a finished node to its parent, or to the documents.
    fn finish(&mut self, finished: Finished, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            // kept copies cost memory like expansions do
            if finished.nodes > self.alias_budget {
                let message = format!("anchors and aliases hold more than {ALIAS_BUDGET} values");
                self.complain(code::ALIAS_LIMIT, finished.node.span, message);
                return Err(Stop::File);
            }
            self.alias_budget -= finished.nodes;
            self.anchors.insert(anchor, (finished.node.clone(), finished.nodes, finished.depth));
        }
        let Finished { node, nodes, depth } = finished;
        let Some(parent) = self.stack.last_mut() else {
            let is_empty = node.content == Content::Null && node.span.start == node.span.end;
            if !is_empty {
                self.out.documents.push(node);
            }
            return Ok(());
        };
        parent.nodes += nodes;
        parent.depth = parent.depth.max(depth);
        match &mut parent.holds {
            Holds::List(items) => items.push(node),
            Holds::Map { entries, key } => {
                if let Some(Key::Text(key, span)) = key.take() {
                    entries.push(Entry { key, span, node });
                }
            }
        }
        Ok(())
    }

    /// Counts a value.
    fn charge(&mut self, span: Span) -> Result<(), Stop> {
        self.document_nodes += 1;
        if self.document_nodes > NODES_PER_DOCUMENT {
            let message = format!("a document with more than {NODES_PER_DOCUMENT} values");
            self.complain(code::DOCUMENT_LIMIT, span, message);
            return Err(Stop::Document);
        }
        match self.budget.nodes.checked_sub(1) {
            Some(left) => self.budget.nodes = left,
            None => {
                self.complain(code::DOCUMENT_LIMIT, span, format!("more than {NODES} values in all files"));
                return Err(Stop::File);
            }
        }
        Ok(())
    }

    fn complain(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(code, Some(self.origin(span)), message);
        self.out.diagnostics.push(diagnostic);
    }

    fn help(&mut self, text: impl Into<String>) {
        if let Some(diagnostic) = self.out.diagnostics.last_mut() {
            diagnostic.help.push(text.into());
        }
    }

    fn origin(&self, span: Span) -> Origin {
        origin(self.file, span)
    }
}
