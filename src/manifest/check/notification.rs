//! Checks: who gets mail.

use crate::catalog::limit;
use crate::core::diagnostic::Diagnostic;
use crate::core::policy::field::{NotificationPart, SettingField};
use crate::core::policy::rule::{Event, Recipient};
use crate::manifest::check::governed::{Value, declared, place};
use crate::manifest::check::requirement::documents;
use crate::manifest::check::run::{Entry, Run};

/// Returns every list of further recipients, with its length.
fn lists<'a>(run: &Run<'a>) -> Vec<(&'a Entry<'a>, Event, Recipient, usize)> {
    let mut found = Vec::new();
    for (entry, blocks) in documents(run) {
        for (field, value) in declared(blocks) {
            if let (SettingField::Notification(event, recipient, _), Value::Addresses(list)) = (field, value) {
                found.push((entry, event, recipient, list.len()));
            }
        }
    }
    found
}

fn at(entry: &Entry<'_>, event: Event, recipient: Recipient) -> Option<crate::core::origin::Origin> {
    Some(place(entry, SettingField::Notification(event, recipient, NotificationPart::Recipients)))
}

/// Recipients on a rule for approvers are accepted once and then lock the policy against every write (graph.md 3.6 #7).
pub(super) fn approver_recipients(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, event, recipient, count) in lists(run) {
        if recipient == Recipient::Approver && count > 0 {
            let text = "mail to approvers takes no further recipients: they would lock the role's settings against every later change";
            let diagnostic = Diagnostic::error("approver-recipients", at(entry, event, recipient), text);
            found.push(diagnostic.help("move them to `admin`; write `[]` to clear what is there"));
        }
    }
}

/// Further recipients get no mail (limits.json `pim.notification.maxRecipientsPerEvent`).
pub(super) fn too_many_recipients(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("pim.notification.maxRecipientsPerEvent");
    for (entry, event, recipient, count) in lists(run) {
        if count > most {
            let text = format!("{count} recipients; the service sends mail to {most}");
            let diagnostic = Diagnostic::error("too-many-recipients", at(entry, event, recipient), text);
            found.push(diagnostic.help("use the address of a group"));
        }
    }
}
