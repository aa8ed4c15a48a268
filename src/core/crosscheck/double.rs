//! The same role at the same scope, reached by two paths.

use crate::core::chain::Fork;
use crate::core::crosscheck::View;
use crate::core::notice::Notice;

pub(super) const CODE: &str = "reached-twice";

/// Remarks on everybody from whom two chains lead to one role at one scope: whoever takes one away has not taken the role away,
/// and the easier of the two is the one that counts. Only where a manifest has a part in one of them, and only at the
/// principal from which they part: the members of a group need not be named when the group is.
pub(super) fn check(view: &View<'_>) -> Vec<Notice> {
    let roles = view.graph.targets().into_iter().filter(|target| target.role().is_some());
    roles.flat_map(|role| view.graph.forks(role)).filter_map(|fork| remark(view, &fork)).collect()
}

fn remark(view: &View<'_>, fork: &Fork) -> Option<Notice> {
    let [first, second] = &fork.chains;
    let keys = || view.keys(first).chain(view.keys(second));
    let line = keys().find_map(|key| (view.declared)(key))?;
    let more = match fork.more {
        0 => String::new(),
        more => format!("; there are {more} more"),
    };
    let role = keys().find(|key| key.target.role().is_some())?;
    let (target, holder) = (view.labels.target(&role.target), view.labels.principal(&first.holder));
    let (first, second) = (view.words(first), view.words(second));
    let message = format!("`{holder}` reaches `{target}` by two paths: `{first}`, and `{second}`{more}");
    let address = keys().find(|key| (view.declared)(key) == Some(line)).map(|key| view.labels.assignment(key));
    Some(Notice::warning(CODE, address, message, Some(line.clone())))
}
