//! Several tenants in one report: what `plan a/ b/` prints.

use serde::Serialize;

use crate::core::change::Risk;
use crate::core::direction::Direction;
use crate::core::plan::Plan;
use crate::render::escape::{cell, json_literal, markdown as plain, markdown_code as code, terminal};
use crate::render::plan::github::{Notes, annotations, notes, tail};
use crate::render::plan::line::cut;
use crate::render::plan::markdown::{LIMIT, fill, name, safe, sheet::Sheet};
use crate::render::plan::{Options, counts, obstacles, sarif::of_tenant};
use crate::render::{page::plural, sarif::log};

/// The version of the document of several plans.
pub const FORMAT: &str = "rolewright.plans/v1";

/// One plan of a report. Whoever makes one says beside the plans for how many tenants it was asked: one that could not be planned
/// must not go unsaid.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The folder of its manifests relative to the repository: lines of its manifests are told relative to it.
    pub folder: &'a str,
}

/// Returns the plans as text, one after the other; the last line adds them up.
pub fn text(entries: &[Entry<'_>], asked: usize, options: &Options) -> String {
    let mut out = String::new();
    for entry in entries {
        out.push_str(&super::text(entry.plan, options));
        out.push('\n');
    }
    for entry in entries {
        let (name, folder) = (terminal(&entry.plan.tenant_name), terminal(entry.folder));
        let sentences = obstacles(entry.plan, options).into_iter().chain([counts(entry.plan, options.wording)]);
        let said = sentences.map(|sentence| terminal(&sentence).into_owned()).collect::<Vec<_>>().join(" ");
        out.push_str(&format!("Tenant {name} in {folder}: {said}\n"));
    }
    out.push_str(&total(entries, asked, options));
    out.push('\n');
    out
}

/// Returns the plans as one JSON document, `rolewright.plans/v1`, indented, with a newline at the end.
pub fn json(entries: &[Entry<'_>]) -> String {
    #[derive(Serialize)]
    struct Set<'a> {
        format: &'static str,
        plans: Vec<&'a Plan>,
    }
    let set = Set { format: FORMAT, plans: entries.iter().map(|entry| entry.plan).collect() };
    let text = serde_json::to_string_pretty(&set).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    json_literal(&text)
}

/// Returns the plans as a SARIF log with one run for each.
pub fn sarif(entries: &[Entry<'_>], options: &Options) -> String {
    log(&entries.iter().map(|entry| of_tenant(entry.plan, entry.folder, options)).collect::<Vec<_>>())
}

/// Returns the plans as workflow commands, as many in all as for one plan: GitHub counts by step.
pub fn github(entries: &[Entry<'_>], asked: usize, options: &Options) -> String {
    let (mut errors, mut warnings) = (Notes::none(), Notes::none());
    let mut ends = String::new();
    for entry in entries {
        let [more_errors, more_warnings] = notes(entry.plan, entry.folder, options);
        errors.extend([more_errors]);
        warnings.extend([more_warnings]);
        ends.push_str(&format!("Tenant {} in {}:\n", terminal(&entry.plan.tenant_name), terminal(entry.folder)));
        ends.push_str(&tail(entry.plan, options));
    }
    annotations("error", errors) + &annotations("warning", warnings) + &ends + &total(entries, asked, options) + "\n"
}

/// More tenants than this have no row in the table.
const MOST_ROWS: usize = 60;
/// In fewer bytes nothing worth reading can be said of a plan.
const LEAST: usize = 3_000;

/// Returns the plans as GitHub-flavoured Markdown of at most 60,000 bytes: one table, then a part for each tenant. The first line
/// is a marker by which a comment can be found again and replaced; it names the first tenant, so that it stays when others join.
pub fn markdown(entries: &[Entry<'_>], asked: usize, options: &Options) -> String {
    let first = entries.first().map_or(String::new(), |first| safe(first.plan.tenant_id.as_str()));
    let what = options.verb();
    let mut out = format!("<!-- rolewright:{what}s:{first} -->\n");
    out.push_str(&format!("## rolewright {what} for {} tenants\n\n", asked));
    let obstructed = entries.iter().filter(|entry| !obstacles(entry.plan, options).is_empty()).count();
    let verdict = if obstructed > 0 {
        format!("{obstructed} of {} refused or incomplete. ", entries.len())
    } else {
        String::new()
    };
    out.push_str(&format!("**{verdict}{}**\n\n", total(entries, asked, options)));
    out.push_str("| Tenant | Folder | Verdict | Changes | Widen | Highest risk |\n|---|---|---|---|---|---|\n");
    for entry in entries.iter().take(MOST_ROWS) {
        out.push_str(&row(entry, options));
    }
    if entries.len() > MOST_ROWS {
        out.push_str(&format!("\n_And {} more tenants._\n", entries.len() - MOST_ROWS));
    }
    out.push('\n');
    let part = |entry: &Entry<'_>, room: usize| {
        let mut sheet = Sheet::new(room);
        let (name, folder) = (plain(&name(entry.plan)), code(&short(entry.folder)));
        sheet.push(&format!("## {name} in {folder}\n\n"));
        // `plan --out FOLDER` names the files of several plans by their tenants
        let file = format!("{}.json", safe(&entry.plan.tenant_name));
        fill(&mut sheet, entry.plan, &file, options);
        sheet.finish()
    };
    // whoever needs less than its share leaves the rest to the others
    let sizes: Vec<usize> = entries.iter().map(|entry| part(entry, LIMIT).len()).collect();
    let rooms = share(LIMIT.saturating_sub(out.len() + 200), &sizes);
    let mut left = 0;
    for ((entry, room), size) in entries.iter().zip(rooms).zip(sizes) {
        let text = match room {
            room if size < room => part(entry, LIMIT),
            ..LEAST => String::new(),
            room => part(entry, room),
        };
        match !text.is_empty() && text.len() <= room.max(1) && out.len() + text.len() + 150 <= LIMIT {
            true => {
                out.push_str(&text);
                out.push('\n');
            }
            false => left += 1,
        }
    }
    if left > 0 {
        out.push_str(&format!("_{} left out here for want of room: plan them one by one._\n", plural(left, "tenant")));
    }
    out
}

fn row(entry: &Entry<'_>, options: &Options) -> String {
    let plan = entry.plan;
    let verdict = match (options.refusals(plan).is_empty(), plan.complete) {
        (false, _) => "refused",
        (true, false) => "incomplete",
        (true, true) if differing(plan, options) == 0 => "in sync",
        (true, true) if options.is_drift() => "drift",
        (true, true) => "may be applied",
    };
    let risk = plan.changes.iter().map(|change| change.risk).max().unwrap_or(Risk::None);
    let widen = plan.changes.iter().filter(|change| change.direction == Direction::Widens).count();
    format!(
        "| {} | {} | {verdict} | {} | {widen} | {} |\n",
        plain(&short(&plan.tenant_name)),
        cell(&code(&short(entry.folder))),
        differing(plan, options),
        if options.is_drift() { "" } else { risk.as_str() }
    )
}

/// Cuts a name to what a row bears.
fn short(text: &str) -> String {
    cut(&text.chars().take(40).collect::<String>())
}

/// Shares `room` out: each gets what it needs, and what is too little for all is shared equally among those that need more.
fn share(room: usize, needs: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|at| needs[*at]);
    let mut rooms = vec![0; needs.len()];
    let (mut left, mut others) = (room, needs.len());
    for at in order {
        // one byte for the blank line behind
        rooms[at] = (needs[at] + 1).min(left / others.max(1));
        left -= rooms[at];
        others -= 1;
    }
    rooms
}

/// Returns how many changes there are; for `drift` a due extension is none.
fn differing(plan: &Plan, options: &Options) -> usize {
    if options.is_drift() { plan.drift().count() } else { plan.changes.len() }
}

/// Adds the plans up.
fn total(entries: &[Entry<'_>], asked: usize, options: &Options) -> String {
    let changes: usize = entries.iter().map(|entry| differing(entry.plan, options)).sum();
    let busy = entries.iter().filter(|entry| differing(entry.plan, options) > 0).count();
    let what = if options.is_drift() { "difference" } else { "change" };
    let is_certain = entries.iter().all(|entry| entry.plan.complete && entry.plan.left_out() == 0);
    let mut text = match changes {
        0 if is_certain => format!("{} of {asked} tenants match their manifests.", entries.len()),
        0 => format!("No {what} found in {} tenants, but not all could be compared in full.", entries.len()),
        _ => format!("In all: {} in {busy} of {asked} tenants.", plural(changes, what)),
    };
    let failed = asked.saturating_sub(entries.len());
    if failed > 0 {
        text.push_str(&format!(" {} could not be planned: the log says why.", plural(failed, "tenant")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample;
    use crate::render::sarif::mistakes;

    #[test]
    fn text_ends_with_each_verdict_and_the_sum() {
        let (one, other) = (sample::every_action(), sample::other_surfaces());
        let entries = [Entry { plan: &one, folder: "a/" }, Entry { plan: &other, folder: "b/" }];
        let text = text(&entries, 3, &Options::default());
        assert!(text.starts_with("Plan for tenant contoso (5a9dbb0c-0000-4000-8000-000000000001)\n"));
        let end = text.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(end, @r"
        Tenant contoso in a/: Plan: 1 to create, 1 to update, 1 to adopt, 1 to extend, 1 to regrant, 2 to remove; 1 unmanaged.
        Tenant contoso in b/: Refused by break-glass, mass-removal, guardrail/contoso.tier0: nothing can be applied. Incomplete: not everything could be read. Plan (incomplete): 1 to create, 1 to update, 2 to remove; 30 unmanaged.
        In all: 11 changes in 2 of 3 tenants. 1 tenant could not be planned: the log says why.
        ");
        let synced = sample::plan(Vec::new());
        let entries = [Entry { plan: &synced, folder: "a/" }; 2];
        assert_eq!(total(&entries, 2, &Options::default()), "2 of 2 tenants match their manifests.");
    }

    #[test]
    fn a_due_extension_is_no_drift() {
        let mut due = sample::every_action();
        due.changes.retain(|change| change.action == crate::core::change::Action::Extend);
        let due = sample::finish(due);
        let entries = [Entry { plan: &due, folder: "a/" }];
        let drift = Options { wording: crate::render::plan::Wording::Drift, ..Options::default() };
        assert_eq!(total(&entries, 1, &drift), "1 of 1 tenants match their manifests.");
        assert!(row(&entries[0], &drift).contains("| in sync | 0 |"), "{}", row(&entries[0], &drift));
        assert!(row(&entries[0], &Options::default()).contains("| may be applied | 1 |"));
    }

    #[test]
    fn one_run_for_each_tenant_under_an_id_of_its_own() {
        let (one, mut other) = (sample::every_action(), sample::other_surfaces());
        other.tenant_id = crate::core::id::TenantId::new("5a9dbb0c-0000-4000-8000-000000000002");
        let entries = [Entry { plan: &one, folder: "a/" }, Entry { plan: &other, folder: "b/" }];
        let log: serde_json::Value = serde_json::from_str(&sarif(&entries, &Options::default())).unwrap();
        assert_eq!(mistakes(&log), [""; 0]);
        let ids: Vec<&str> = log["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["automationDetails"]["id"].as_str().unwrap())
            .collect();
        assert_eq!(
            ids,
            [
                "rolewright/plan/5a9dbb0c-0000-4000-8000-000000000001/",
                "rolewright/plan/5a9dbb0c-0000-4000-8000-000000000002/"
            ]
        );
        let text = log.to_string();
        assert!(text.contains("\"a/tenant.yaml\"") && text.contains("\"b/azure.yaml\""), "{text}");
    }

    #[test]
    fn annotations_are_counted_over_all_tenants() {
        let one = sample::other_surfaces();
        let entries = vec![Entry { plan: &one, folder: "a/" }; 8];
        let text = github(&entries, 8, &Options::default());
        let count = |kind: &str| text.lines().filter(|line| line.starts_with(kind)).count();
        assert_eq!((count("::error "), count("::warning ")), (10, 8));
        assert!(text.ends_with("In all: 32 changes in 8 of 8 tenants.\n"), "{text}");
    }

    #[test]
    fn room_is_shared_fairly() {
        assert_eq!(share(100, &[10, 200, 30]), [11, 58, 31]);
        assert_eq!(share(100, &[500, 500]), [50, 50]);
        assert_eq!(share(0, &[5]), [0]);
    }
}
