//! Running a query over the rows of its table.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::kql::{Column, Query, Relation, Step, Test};

/// A row with its columns in order.
pub(crate) type Row = Vec<(String, Value)>;

impl Query {
    /// Runs the query over the rows of its table.
    pub(crate) fn run(&self, mut rows: Vec<Map<String, Value>>) -> Vec<Row> {
        let mut order: Option<Vec<String>> = None;
        for step in &self.steps {
            match step {
                Step::Where(test) => rows.retain(|row| test.holds(row)),
                Step::Project(columns) => {
                    rows = rows
                        .iter()
                        .map(|row| columns.iter().map(|(name, column)| (name.clone(), column.of(row))).collect())
                        .collect();
                    order = Some(columns.iter().map(|(name, _)| name.clone()).collect());
                }
                Step::Order(keys) => rows.sort_by(|a, b| {
                    let compared = keys.iter().map(|(column, is_descending)| {
                        let found = compare(&column.of(a), &column.of(b));
                        if *is_descending { found.reverse() } else { found }
                    });
                    compared.into_iter().find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
                }),
                Step::Limit(most) => rows.truncate(*most),
                Step::Count => {
                    let count = Value::from(rows.len());
                    rows = vec![Map::from_iter([("Count".to_owned(), count)])];
                    order = None;
                }
            }
        }
        let named = |row: Map<String, Value>| match &order {
            Some(order) => {
                order.iter().map(|name| (name.clone(), row.get(name).cloned().unwrap_or_default())).collect()
            }
            None => row.into_iter().collect(),
        };
        rows.into_iter().map(named).collect()
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => plain(a).cmp(&plain(b)),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Column {
    fn of(&self, row: &Map<String, Value>) -> Value {
        let Some((first, rest)) = self.path.split_first() else { return Value::Null };
        // Columns are found whatever their case; members of `properties` are not.
        let mut value =
            row.get(first).or_else(|| row.iter().find(|(k, _)| k.eq_ignore_ascii_case(first)).map(|(_, v)| v));
        for name in rest {
            value = value.and_then(|value| value.get(name));
        }
        match value {
            Some(Value::String(text)) if self.is_lowered => Value::from(text.to_lowercase()),
            Some(value) => value.clone(),
            None => Value::Null,
        }
    }
}

impl Test {
    fn holds(&self, row: &Map<String, Value>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Is(column, relation, values, is_negated) => {
                let found = column.of(row);
                let (text, small) = (plain(&found), plain(&found).to_lowercase());
                let holds = values.iter().any(|value| {
                    let wanted = plain(value);
                    let low = wanted.to_lowercase();
                    match relation {
                        Relation::Equal => text == wanted,
                        Relation::EqualIgnoringCase => small == low,
                        Relation::Contains => small.contains(&low),
                        Relation::StartsWith => small.starts_with(&low),
                        Relation::EndsWith => small.ends_with(&low),
                    }
                });
                holds != *is_negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(query: &str) -> Vec<Row> {
        let row = |name: &str, kind: &str, state: &str| {
            json!({"name": name, "type": kind, "properties": {"state": state}}).as_object().cloned().unwrap()
        };
        let rows = vec![row("b", "T/One", "On"), row("a", "t/one", "Off"), row("c", "t/two", "On")];
        Query::parse(query).unwrap().run(rows)
    }

    fn names(query: &str) -> Vec<String> {
        run(query).iter().map(|row| plain(&row[0].1)).collect()
    }

    #[test]
    fn queries_run() {
        assert_eq!(names("Resources | where type =~ 't/one' | project name | order by name asc"), ["a", "b"]);
        assert_eq!(names("where type == 't/one' | project name"), ["a"]);
        assert_eq!(
            names("resources\n| where type in~ ('T/ONE','t/two') and properties['state'] =~ 'on' | project name"),
            ["b", "c"]
        );
        assert_eq!(
            names("where properties.state != 'On' or name startswith 'C' | project name | sort by name"),
            ["c", "a"]
        );
        assert_eq!(run("where name !in ('a') | count"), [[("Count".to_owned(), json!(2))]]);
        assert_eq!(
            run("limit 1 | project properties.state, n = tolower(type)")[0][1],
            ("n".to_owned(), json!("t/one"))
        );
        assert_eq!(run("limit 1 | project properties.state")[0][0].0, "properties_state");
    }
}
