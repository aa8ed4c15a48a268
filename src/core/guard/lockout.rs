//! Enough usable Global Administrators remain.

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::guard::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, Scene, Verdict};
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::principal::PrincipalType;
use crate::core::scope::DirectoryScope;
use crate::core::target::{Surface, Target};

/// Refuses a plan after which fewer than `limits.minGlobalAdministrators` users hold Global Administrator permanently and
/// actively: direct, enabled, cloud-only, no guests. Also refuses to take away the last holder, active or eligible, of the two
/// roles that can give roles back.
pub(super) fn judge(scene: &Scene<'_>, verdicts: &mut Vec<Verdict>, notices: &mut Vec<Notice>) {
    let is_unknown = |mode| scene.before.missing(Surface::Directory, mode).is_some();
    if is_unknown(Mode::Active) {
        return;
    }
    let minimum = scene.desired.tenant.limits.min_global_administrators as usize;
    let (before, after) = (usable(scene.before), usable(scene.after));
    let message = format!(
        "{after} usable permanent Global Administrator(s) remain (there are {before}); at least {minimum} are demanded"
    );
    if after < minimum && after < before {
        verdicts.push(Verdict {
            guard: "lockout".into(),
            message,
            overridden_by: Some("--allow-few-global-administrators".into()),
        });
    } else if after < minimum {
        notices.push(Notice::warning("lockout", None, message, Some(scene.desired.tenant.at.clone())));
    }
    if !is_unknown(Mode::Eligible) && rescuers(scene.before) > 0 && rescuers(scene.after) == 0 {
        verdicts.push(Verdict {
            guard: "lockout".into(),
            message:
                "nobody would be left who holds, or may activate, Global Administrator or Privileged Role Administrator"
                    .into(),
            overridden_by: None,
        });
    }
}

/// Counts users who hold Global Administrator so that they can use it whatever else breaks. A fact that is not known does
/// not count against them, except the kind: an unknown principal may be deleted.
fn usable(state: &Observed) -> usize {
    state
        .assignments
        .iter()
        .filter(|(key, found)| {
            let principal = state.principals.get(&key.principal);
            key.mode == Mode::Active
                && is_at_tenant(&key.target, GLOBAL_ADMINISTRATOR)
                && found.window.end.is_none()
                && !found.window.is_pending()
                && principal.is_some_and(|p| {
                    p.kind == Some(PrincipalType::User)
                        && p.is_enabled != Some(false)
                        && p.is_guest != Some(true)
                        && p.is_synchronized != Some(true)
                })
        })
        .count()
}

/// Counts those who can give roles back.
fn rescuers(state: &Observed) -> usize {
    let can = |target: &Target| {
        is_at_tenant(target, GLOBAL_ADMINISTRATOR) || is_at_tenant(target, PRIVILEGED_ROLE_ADMINISTRATOR)
    };
    let is_there = |key: &&AssignmentKey| !state.deleted_principals.contains(&key.principal);
    state.assignments.keys().filter(is_there).filter(|key| can(&key.target)).count()
}

fn is_at_tenant(target: &Target, role: &str) -> bool {
    matches!(target, Target::Directory { role: r, scope: DirectoryScope::Tenant } if r.as_str() == role)
}
