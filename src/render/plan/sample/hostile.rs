//! A plan full of texts that want to be more than text.

use serde_json::json;

use crate::core::assignment::Ticket;
use crate::core::change::{Requirement, Risk, Since, Subject};
use crate::core::direction::Direction;
use crate::core::guard::Verdict;
use crate::core::id::TenantId;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::{Part, Unreadable};
use crate::core::plan::Plan;
use crate::core::target::Surface;
use crate::render::plan::sample::{every_action, field, finish, origin, other_surfaces};

/// Text that tries everything: escapes, direction, hiding, lines, Markdown, markup, mentions, build-log commands.
pub(in crate::render) const NASTY: &str = "x\u{1b}[31m\u{202e}y\u{200b}\u{e0001}\r\n::error::a\n##[error]b ##vso[task.c] `|` \
     [l](http://e.example) **b** <img src=x onerror=a> </details> --> @org #1 ::set-output name=z::1\u{9b}2J";

/// Returns a plan in which every foreign text is nasty.
pub(in crate::render) fn hostile() -> Plan {
    let mut plan = every_action();
    plan.changes.extend(other_surfaces().changes);
    for change in &mut plan.changes {
        change.address = format!("{}{NASTY}", change.address);
        change.reasons = vec![NASTY.to_owned()];
        change.risk = Risk::High;
        change.source = Some(origin(NASTY, 3));
        change.place = change.place.is_some().then(|| NASTY.to_owned());
        change.requires = vec![Requirement { address: NASTY.to_owned(), reason: NASTY.to_owned() }];
        let texts = [(json!(NASTY), json!(format!("{NASTY}2"))), (json!([NASTY]), json!([NASTY, format!("{NASTY}3")]))];
        for (before, after) in texts {
            change.fields.push(field("description", before, after, Direction::Widens));
        }
        let approvers = (json!([format!("user:{NASTY}")]), json!([format!("group:{NASTY}")]));
        change.fields.push(field("activation.approval.approvers", approvers.0, approvers.1, Direction::Widens));
        change.fields.push(field(NASTY, json!("a"), json!(NASTY.replace('\n', " ")), Direction::Widens));
        if let Subject::Assignment { justification, ticket, .. } = &mut change.subject {
            *justification = Some(NASTY.to_owned());
            *ticket = Some(Ticket { number: NASTY.to_owned(), system: Some(NASTY.to_owned()) });
        }
    }
    plan.tenant_name = NASTY.to_owned();
    plan.overrides = vec!["--allow-y".to_owned(), NASTY.to_owned()];
    plan.targets = vec![NASTY.to_owned()];
    for (change, since) in plan.changes.iter_mut().zip([Since::ThisChange, Since::Pending]) {
        change.since = Some(since);
    }
    plan.tenant_id = TenantId::new(NASTY);
    plan.cloud = NASTY.to_owned();
    for notice in &mut plan.notices {
        notice.message = NASTY.to_owned();
        notice.source = Some(origin(NASTY, 4));
    }
    plan.notices.push(Notice::warning("z", Some(NASTY.to_owned()), "::error::from the start", None));
    plan.unmanaged.push(Unmanaged { address: NASTY.to_owned(), detail: NASTY.to_owned(), why: NASTY.to_owned() });
    plan.unreadable = vec![Unreadable {
        surface: Surface::Directory,
        part: Part::Roles,
        scope: None,
        group: None,
        role: None,
        name: None,
        why: NASTY.to_owned(),
    }];
    plan.verdicts = vec![Verdict {
        guard: NASTY.to_owned(),
        message: NASTY.to_owned(),
        overridden_by: Some("--allow-x".to_owned()),
        ..Verdict::default()
    }];
    finish(plan)
}
