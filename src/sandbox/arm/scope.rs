//! ARM scopes: the part of a path before the last `/providers/Microsoft.Authorization/` (arm.md 0.2).
//!
//! A scope keeps the spelling it came with for output and is compared by its lower-case key. Parents that follow from the text
//! (resource, resource group, subscription) are found here; those above a subscription are in `azure`.

/// Where a scope stands in the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// `/`.
    Root,
    /// `/providers/Microsoft.Management/managementGroups/{id}`.
    ManagementGroup,
    /// `/subscriptions/{guid}`.
    Subscription,
    /// `/subscriptions/{guid}/resourceGroups/{name}`.
    ResourceGroup,
    /// Anything else, `…/providers/{namespace}/{type}/{name}[/{type}/{name}…]`.
    Resource,
}

/// A normalised scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    id: String,
    key: String,
}

impl Scope {
    /// Returns the tenant root, `/`.
    pub(crate) fn root() -> Self {
        Self { id: "/".to_owned(), key: "/".to_owned() }
    }

    /// Reads a scope: doubled and trailing slashes go, and so does a leading `/providers/Microsoft.Subscription` before
    /// `/subscriptions/` (arm.md 0.1, 0.2).
    pub(crate) fn new(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        if let ["providers", namespace, collection, ..] = parts.as_slice()
            && namespace.eq_ignore_ascii_case("Microsoft.Subscription")
            && collection.eq_ignore_ascii_case("subscriptions")
        {
            parts.drain(..2);
        }
        let id = format!("/{}", parts.join("/"));
        Self { key: id.to_ascii_lowercase(), id }
    }

    /// Returns the scope of a management group.
    pub(crate) fn of_management_group(id: &str) -> Self {
        Self::new(&format!("/providers/Microsoft.Management/managementGroups/{id}"))
    }

    /// Returns the scope of a subscription.
    pub(crate) fn of_subscription(id: &str) -> Self {
        Self::new(&format!("/subscriptions/{id}"))
    }

    /// Returns the scope as it was spelled.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the lower-case form that scopes are compared by.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    fn parts(&self) -> Vec<&str> {
        self.key.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// Returns where it stands.
    pub(crate) fn level(&self) -> Level {
        match self.parts().as_slice() {
            [] => Level::Root,
            ["providers", "microsoft.management", "managementgroups", _] => Level::ManagementGroup,
            ["subscriptions", _] => Level::Subscription,
            ["subscriptions", _, "resourcegroups", _] => Level::ResourceGroup,
            _ => Level::Resource,
        }
    }

    /// Returns the lower-case id of the subscription that it is or is in.
    pub(crate) fn subscription(&self) -> Option<&str> {
        let rest = self.key.strip_prefix("/subscriptions/")?;
        rest.split('/').next()
    }

    /// Returns the lower-case id of the management group that it is.
    pub(crate) fn management_group(&self) -> Option<&str> {
        let rest = self.key.strip_prefix("/providers/microsoft.management/managementgroups/")?;
        (!rest.contains('/')).then_some(rest)
    }

    /// Returns the key of the resource group that it is or is in.
    pub(crate) fn resource_group(&self) -> Option<&str> {
        let mut ends = self.key.match_indices('/').map(|(at, _)| at).skip(1);
        let name = ends.nth(2)?;
        if !self.key.starts_with("/subscriptions/") || !self.key[..name].ends_with("/resourcegroups") {
            return None;
        }
        Some(self.key.get(..ends.next().unwrap_or(self.key.len())).unwrap_or_default())
    }

    /// Returns the scope right above as far as the text says: nothing for the root, a management group or a subscription.
    pub(crate) fn parent(&self) -> Option<Self> {
        let parts: Vec<&str> = self.id.split('/').filter(|part| !part.is_empty()).collect();
        let kept = match self.level() {
            Level::Root | Level::ManagementGroup | Level::Subscription => return None,
            Level::ResourceGroup => 2,
            Level::Resource => {
                let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"))?;
                if parts.len() - at > 4 { parts.len() - 2 } else { at }
            }
        };
        Some(Self::new(&parts.get(..kept)?.join("/")))
    }

    /// Returns the word of `expandedProperties.scope.type`: `subscription`, `resourcegroup`, `managementgroup`, or the resource
    /// type (arm.md B.3).
    pub(crate) fn type_name(&self) -> String {
        match self.level() {
            Level::Root => "tenant".to_owned(),
            Level::ManagementGroup => "managementgroup".to_owned(),
            Level::Subscription => "subscription".to_owned(),
            Level::ResourceGroup => "resourcegroup".to_owned(),
            Level::Resource => self.resource_type().unwrap_or_default(),
        }
    }

    /// Returns the type of a resource, e.g. `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) fn resource_type(&self) -> Option<String> {
        let parts: Vec<&str> = self.id.split('/').filter(|part| !part.is_empty()).collect();
        let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"))?;
        let mut kind = vec![*parts.get(at + 1)?];
        kind.extend(parts.get(at + 2..)?.iter().step_by(2));
        Some(kind.join("/"))
    }

    /// Tells whether it has the form of a resource: a namespace, then pairs of type and name.
    pub(crate) fn is_resource(&self) -> bool {
        let parts = self.parts();
        let at = parts.iter().rposition(|part| *part == "providers");
        at.is_some_and(|at| parts.len() > at + 3 && (parts.len() - at).is_multiple_of(2))
    }

    /// Returns the last part of the id, the name of what it is.
    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the id of something of `Microsoft.Authorization` here, e.g. `/providers/Microsoft.Authorization/roleAssignments/…`
    /// at the root.
    pub(crate) fn authorization(&self, collection: &str, name: &str) -> String {
        let base = if self.id == "/" { "" } else { &self.id };
        format!("{base}/providers/Microsoft.Authorization/{collection}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_normalised() {
        let scope = Scope::new("/providers/Microsoft.Subscription//subscriptions/A1/resourceGroups/Rg-1/");
        assert_eq!(
            (scope.id(), scope.key()),
            ("/subscriptions/A1/resourceGroups/Rg-1", "/subscriptions/a1/resourcegroups/rg-1")
        );
        assert_eq!(scope.level(), Level::ResourceGroup);
        assert_eq!(scope.subscription(), Some("a1"));
        assert_eq!(scope.resource_group(), Some(scope.key()));
        assert_eq!(scope.parent().map(|p| p.id().to_owned()).as_deref(), Some("/subscriptions/A1"));
        assert_eq!(Scope::new("").level(), Level::Root);
        assert_eq!(Scope::root().authorization("x", "y"), "/providers/Microsoft.Authorization/x/y");
        assert_eq!(Scope::of_management_group("Corp").management_group(), Some("corp"));
    }

    #[test]
    fn resources_stand_below_their_parents() {
        let text = "/subscriptions/a/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
        let scope = Scope::new(text);
        assert_eq!(scope.type_name(), "Microsoft.Network/virtualNetworks/subnets");
        assert!(scope.is_resource() && !Scope::new("/subscriptions/a/providers/x/y/z/list").is_resource());
        assert_eq!(scope.resource_group(), Some("/subscriptions/a/resourcegroups/r"));
        let above = scope.parent().unwrap();
        assert_eq!(above.id(), "/subscriptions/a/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v");
        assert_eq!(above.parent().unwrap().level(), Level::ResourceGroup);
        assert_eq!(Scope::new("/providers/Microsoft.Capacity").parent(), Some(Scope::root()));
    }
}
