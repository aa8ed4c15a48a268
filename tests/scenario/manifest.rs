//! Manifests that stories need again and again, from the part that a story is about.

/// Returns RoleSettings of one directory role; `body` is YAML in flow style, one key a line, e.g. `activation: {maxDuration: PT4H}`.
pub(crate) fn settings(role: &str, body: &str) -> String {
    let name = label(role);
    let body: String = body.lines().map(|line| format!("  {}\n", line.trim_end())).collect();
    format!(
        "---\napiVersion: rolewright/v1\nkind: RoleSettings\nmetadata: {{name: {name}}}\nspec:\n  \
         appliesTo: [{{directoryRole: {role}}}]\n{body}"
    )
}

/// Returns a custom role; `more` are further lines of its spec.
pub(crate) fn role(name: &str, display_name: &str, permissions: &[&str], more: &str) -> String {
    let more: String = more.lines().map(|line| format!("  {}\n", line.trim_end())).collect();
    format!(
        "---\napiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {{name: {name}}}\nspec:\n  \
         displayName: {display_name}\n  permissions: [{}]\n{more}",
        permissions.join(", ")
    )
}

/// Returns an assignment of a directory role to a user, permanent unless `schedule` says otherwise.
pub(crate) fn assignment(kind: &str, role: &str, user: &str, schedule: &str) -> String {
    let name = label(&format!("{kind}-{role}-{user}"));
    let purpose = if kind == "ActiveAssignment" { "  purpose: other\n" } else { "" };
    format!(
        "---\napiVersion: rolewright/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  role: {{directoryRole: {role}}}\n  \
         principals: [{{user: {user}@contoso.example}}]\n  schedule: {schedule}\n  justification: story\n{purpose}"
    )
}

fn label(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(plain).collect()
}
