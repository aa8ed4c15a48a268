//! How PIM names the policy rules that a request failed: the same words on Graph and on ARM.

/// Returns the message that names failed rules, in one of its two forms (graph.md 7.2, arm.md E.2).
pub(crate) fn message(failed: &[&str], is_newer: bool) -> String {
    if !is_newer {
        let names: Vec<String> = failed.iter().map(|name| format!("\"{name}\"")).collect();
        return format!("The following policy rules failed: [{}]", names.join(","));
    }
    let texts: Vec<String> = failed
        .iter()
        .map(|name| {
            let text = match *name {
                "MfaRule" => "Multi-factor authentication is required",
                "JustificationRule" => "Justification is required",
                "TicketingRule" => "Ticket information is required",
                "ExpirationRule" => "The requested duration is not allowed",
                _ => "The requestor is not eligible",
            };
            format!("{name} - {text}")
        })
        .collect();
    format!("The following policy rules failed: {}", texts.join(", "))
}
