//! OData as far as each endpoint documents it; everything else is a 400 that says so.

pub(crate) mod filter;
mod rows;
mod shape;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::filter::Expr;
pub(crate) use self::rows::Rows;
pub(crate) use self::shape::{Expand, select};
use super::answer::{Answer, Problem, Reply};
use super::route::Call;

/// Rows of a page unless somebody says otherwise (graph.md 5).
const PAGE: usize = 100;

/// What one collection allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// The context, e.g. `roleManagement/directory/roleDefinitions`.
    pub(crate) context: &'static str,
    /// Properties that `$filter` may use, with the operators, e.g. `("id", "eq in")`; a path ending in `/` allows all below.
    pub(crate) filter: &'static [(&'static str, &'static str)],
    /// Navigation properties that `$expand` may name; `*` is understood where the list is not empty.
    pub(crate) expand: &'static [&'static str],
    /// Properties that are compared with case.
    pub(crate) exact: &'static [&'static str],
    /// Largest `$top`; 0 where `$top`, `$count` and `$skip` are not documented.
    pub(crate) top: usize,
    /// Properties that `$orderby` may name.
    pub(crate) order: &'static [&'static str],
    /// Whether it is a list of directory objects, where `ne`, `not`, `endsWith`, `$search` and `$count` are advanced.
    pub(crate) is_directory: bool,
}

impl Allowed {
    /// Returns an endpoint that allows `$select` only.
    pub(crate) const fn new(context: &'static str) -> Self {
        Self { context, filter: &[], expand: &[], exact: &[], top: 0, order: &[], is_directory: false }
    }
}

/// The options of one query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) filter: Option<Expr>,
    pub(crate) select: Vec<String>,
    pub(crate) expand: Vec<Expand>,
    pub(crate) top: Option<usize>,
    pub(crate) count: bool,
    pub(crate) search: Option<String>,
    pub(crate) order: Option<(String, bool)>,
    pub(crate) skip: usize,
    pub(crate) page: usize,
}

impl Options {
    /// Reads the options of a call on a collection.
    pub(crate) fn collection(call: &Call, allowed: &Allowed) -> Result<Self, Problem> {
        let options = Self::read(call, allowed, true)?;
        options.check(call, allowed)?;
        Ok(options)
    }

    /// Reads the options of a call on one entity: `$select` and `$expand`.
    pub(crate) fn entity(call: &Call, allowed: &Allowed) -> Result<Self, Problem> {
        Self::read(call, allowed, false)
    }

    fn read(call: &Call, allowed: &Allowed, is_list: bool) -> Result<Self, Problem> {
        let mut options = Self::default();
        for (name, value) in &call.options {
            let unsupported = || Err(Problem::query(format!("The query option '{name}' is not supported here.")));
            match name.as_str() {
                "$select" | "select" => options.select = shape::names(value)?,
                "$expand" | "expand" => options.expand = shape::parse(value, allowed.expand)?,
                "$filter" | "filter" if is_list && !allowed.filter.is_empty() => {
                    options.filter = Some(filter::parse(value)?);
                }
                "$top" | "top" if is_list && allowed.top > 0 => match value.parse::<usize>() {
                    Ok(top) if top > 0 => options.top = Some(top.min(allowed.top)),
                    _ => return Err(Problem::query(format!("Invalid page size specified: '{value}'."))),
                },
                "$count" | "count" if is_list && allowed.top > 0 => options.count = value == "true",
                "$search" | "search" if is_list && allowed.is_directory => options.search = Some(value.clone()),
                "$orderby" | "orderby" if is_list && !allowed.order.is_empty() => {
                    let (property, direction) = value.split_once(' ').unwrap_or((value, "asc"));
                    if !allowed.order.contains(&property) || !["asc", "desc"].contains(&direction) {
                        return unsupported();
                    }
                    options.order = Some((property.to_owned(), direction == "desc"));
                }
                "$skiptoken" if is_list => {
                    let token = shape::read_token(value, &call.path).ok_or_else(|| {
                        Problem::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
                    })?;
                    (options.skip, options.page) = token;
                }
                _ => return unsupported(),
            }
        }
        Ok(options)
    }

    fn check(&self, call: &Call, allowed: &Allowed) -> Result<(), Problem> {
        let mut is_advanced = self.search.is_some();
        for found in self.filter.iter().flat_map(Expr::uses) {
            if found.op == "not" {
                is_advanced = true;
                continue;
            }
            let ops = allowed.filter.iter().find(|(path, _)| {
                path.eq_ignore_ascii_case(&found.path) || (path.ends_with('/') && found.path.starts_with(path))
            });
            if !ops.is_some_and(|(_, ops)| ops.split(' ').any(|op| op == found.op)) {
                return Err(Problem::query(format!(
                    "Unsupported or invalid query filter clause specified for property '{}' ({}) of '{}'.",
                    found.path, found.op, allowed.context
                )));
            }
            is_advanced |= matches!(found.op, "ne" | "endsWith");
        }
        is_advanced |= self.order.is_some() && self.filter.is_some();
        let is_fine = call.is_eventual && self.count;
        if allowed.is_directory && (is_advanced || self.count) && !is_fine {
            return Err(Problem::query(
                "This query needs the header 'ConsistencyLevel: eventual' and the option '$count=true'.",
            ));
        }
        Ok(())
    }

    /// Filters, orders and pages `rows`, expands those of the page with `expand`, selects, and answers.
    pub(crate) fn answer<'a>(
        &self,
        call: &Call,
        allowed: &Allowed,
        rows: impl Into<Rows<'a>>,
        expand: impl Fn(&mut Value, &Expand),
    ) -> Answer {
        let mut source: Rows<'a> = rows.into();
        if self.filter.is_some() || self.search.is_some() || self.order.is_some() {
            source = self.arranged(allowed, source.all(), &expand)?.into();
        }
        let total = source.len();
        // `$top` replaces the default page size, as long as nobody set a smaller limit.
        let size = match (self.top, call.page_size) {
            (Some(top), Some(limit)) => top.min(limit.max(1)),
            (Some(top), None) => top,
            (None, limit) => limit.unwrap_or(PAGE).max(1),
        };
        let is_blank = call.has_empty_pages && self.page % 3 == 1;
        let (from, to) = if is_blank {
            (self.skip, self.skip)
        } else {
            (self.skip.min(total), self.skip.saturating_add(size).min(total))
        };
        let mut page: Vec<Value> = source.range(from.min(total), to.min(total));
        for row in &mut page {
            for path in &self.expand {
                expand(row, path);
            }
            select(row, &self.select, &self.expand)?;
        }
        let mut body = json!({"@odata.context": self.context(call, allowed.context)});
        if self.count && self.page == 0 {
            body["@odata.count"] = json!(total);
        }
        // `$top` asks for a page size on Graph; the next link goes on after it.
        if to < total || is_blank {
            body["@odata.nextLink"] = json!(shape::next_link(call, to, self.page + 1));
        }
        body["value"] = Value::Array(page);
        Ok(Reply::json(200, body))
    }

    /// Filters and orders.
    fn arranged(
        &self,
        allowed: &Allowed,
        mut rows: Vec<Value>,
        expand: &impl Fn(&mut Value, &Expand),
    ) -> Result<Vec<Value>, Problem> {
        if let Some(expr) = &self.filter {
            let navigation: Vec<Expand> = expr
                .uses()
                .iter()
                .filter_map(|found| found.path.split_once('/'))
                .filter(|(first, _)| allowed.expand.contains(first))
                .map(|(first, _)| Expand::plain(first))
                .collect();
            rows.retain(|row| {
                if navigation.is_empty() {
                    return expr.holds(row, allowed.exact);
                }
                let mut row = row.clone();
                navigation.iter().for_each(|path| expand(&mut row, path));
                expr.holds(&row, allowed.exact)
            });
        }
        if let Some(text) = &self.search {
            let wanted = shape::search(text)?;
            rows.retain(|row| {
                wanted.iter().all(|(property, part)| {
                    filter::at(row, property).as_str().is_some_and(|found| found.to_lowercase().contains(part))
                })
            });
        }
        if let Some((property, is_descending)) = &self.order {
            rows.sort_by(|a, b| {
                let text = |row: &Value| filter::at(row, property).as_str().unwrap_or_default().to_lowercase();
                let (a, b) = (text(a), text(b));
                // instants are printed with as many digits as they have, so that their texts do not order
                let order = match (a.parse::<Timestamp>(), b.parse::<Timestamp>()) {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    _ => a.cmp(&b),
                };
                if *is_descending { order.reverse() } else { order }
            });
        }
        Ok(rows)
    }

    /// Expands, selects and answers one entity; `context` names its collection.
    pub(crate) fn one(
        &self,
        call: &Call,
        context: &str,
        status: u16,
        mut row: Value,
        expand: impl Fn(&mut Value, &Expand),
    ) -> Answer {
        for path in &self.expand {
            expand(&mut row, path);
        }
        select(&mut row, &self.select, &self.expand)?;
        row["@odata.context"] = json!(format!("{}/$entity", self.context(call, context)));
        Ok(Reply::json(status, row))
    }

    fn context(&self, call: &Call, name: &str) -> String {
        let mut parts = self.select.clone();
        parts.extend(self.expand.iter().map(Expand::context));
        let tail = if parts.is_empty() { String::new() } else { format!("({})", parts.join(",")) };
        format!("{}/$metadata#{name}{tail}", call.root())
    }
}
