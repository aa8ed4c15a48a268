//! `plan --base`: what a pull request brings, apart from what was pending before it.

use std::path::{Path, PathBuf};

use crate::cli::connection::Connection;
use crate::cli::fault::Fault;
use crate::cli::guardrails;
use crate::cli::planning::{self, Declared, Planned, Terms};
use crate::core::address::Labels;
use crate::core::diagnostic::Diagnostic;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::state::Desired;
use crate::core::tenant_change::{self, Judge};
use crate::manifest::{self, TenantHead};

/// The manifests of the target branch.
#[derive(Debug)]
pub(crate) struct Base {
    path: PathBuf,
    /// Without mistakes, or why they say nothing.
    declared: Result<Declared, String>,
}

/// Reads the manifests of the target branch. Their mistakes are not those of whoever is under review: they are told in a remark.
///
/// # Errors
/// When there is no such folder or file.
pub(crate) fn read(path: &Path, head: &TenantHead) -> Result<Base, Fault> {
    if !path.exists() {
        let message = format!("--base: there is nothing at {}", path.display());
        return Err(
            Fault::usage(message).help("name a folder; an empty one means that everything comes from this change")
        );
    }
    let manifests = manifest::validate(path);
    let base = |declared| Ok(Base { path: path.to_path_buf(), declared });
    if manifests.diagnostics.iter().any(Diagnostic::is_error) {
        return base(Err(match manifests.tenant() {
            None => "it holds no valid Tenant".to_owned(),
            Some(_) => "its manifests have errors".to_owned(),
        }));
    }
    match manifests.tenant() {
        None => base(Err("it holds no Tenant".to_owned())),
        Some(other) if other.tenant_id != head.tenant_id => {
            base(Err(format!("it is about another tenant, {}", other.tenant_id)))
        }
        Some(head) => base(Ok(Declared { manifests, head })),
    }
}

/// Marks each change of what was planned from `manifests` by whether the base asks for the same, and says what is different in
/// the Tenant document, which judges them.
///
/// # Errors
/// When the tenant cannot be read.
pub(crate) async fn mark(
    planned: &mut Planned,
    manifests: &manifest::Manifests,
    base: &Base,
    connection: &Connection,
) -> Result<(), Fault> {
    let Planned { plan, desired, observed } = planned;
    let nonce = plan.nonce.clone();
    let terms = Terms { targets: &[], overrides: &[], nonce: &nonce, base: None, guardrails: None };
    let mut said = Vec::new();
    let other = match &base.declared {
        Ok(declared) => planning::attempt(declared, connection, &terms, &mut said).await?.ok_or_else(|| {
            let first = said.iter().find(|said| said.is_error());
            first.map_or_else(
                || "it cannot be planned".to_owned(),
                |said| format!("it cannot be planned: {}", said.message),
            )
        }),
        Err(why) => Err(why.clone()),
    };
    let other = other.map(|other| (other, base.declared.as_ref().map(|base| guardrails::named(&base.manifests))));
    match other {
        Ok((other, folders)) => {
            let [before, after] = [folders.unwrap_or_default(), guardrails::named(manifests)];
            let [old, new] = [labels(&other.desired, &other.observed), labels(desired, observed)];
            let before = Judge { tenant: &other.desired.tenant, guardrails: &before, labels: &old };
            let after = Judge { tenant: &desired.tenant, guardrails: &after, labels: &new };
            plan.notices.extend(tenant_change::compare(before, after));
            plan.compare_with(Some(&other.plan));
        }
        Err(why) => {
            let message = format!(
                "every change counts as coming from the manifests under review, and whether they loosen what \
                 judges them is not known: the base, {}, says nothing, since {why}",
                base.path.display()
            );
            plan.notices.push(Notice::warning("base-not-planned", None, message, None));
            plan.compare_with(None);
        }
    }
    Ok(())
}

fn labels(desired: &Desired, observed: &Observed) -> Labels {
    Labels::new(observed, desired.roles.iter().map(|(key, role)| (key, role.value.display_name.as_str())))
}
