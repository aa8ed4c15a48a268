//! All documents of a run, indexed the way checks ask for them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::core::name::{Handle, Reference};
use crate::core::origin::Origin;
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::{self, Surface};
use crate::manifest::check::bound::EXPANSION;
use crate::manifest::check::condition::ReadCondition;
use crate::manifest::check::declaration::Twice;
use crate::manifest::check::governed::Governed;
use crate::manifest::check::role_name::RoleUse;
use crate::manifest::document::Document;
use crate::manifest::kind::assignment::AssignmentView;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role::{RoleReference, TENANT_IDENTITY};
use crate::manifest::kind::role_definition::{AzureRoleDefinition, DirectoryRoleDefinition};
use crate::manifest::kind::role_settings::{RoleSettings, SettingsProfile};
use crate::manifest::kind::scope::{Scope, UnitHandle};
use crate::manifest::kind::tenant::Tenant;
use crate::manifest::kind::{Kind, Spec};

/// One document, as far as it could be read. Places are found by route, a JSON pointer; what is not there is found at what would
/// hold it.
pub(super) struct Entry<'a> {
    /// What kind it is.
    pub(super) kind: Kind,
    /// `metadata.name`; none when it could not be read.
    pub(super) name: Option<&'a str>,
    /// Its content; none when it could not be read.
    pub(super) spec: Option<&'a Spec>,
    /// The document itself, for places.
    pub(super) document: &'a Document,
}

impl<'a> Entry<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self { kind: document.kind, name: document.name(), spec: document.spec.as_ref(), document }
    }

    /// Tells whether nothing was left out: only then is what is absent known to be absent.
    pub(super) fn is_whole(&self) -> bool {
        self.document.is_whole
    }

    /// Returns the place of a value below `spec`.
    pub(super) fn at(&self, route: &str) -> Option<Origin> {
        Some(self.document.at(&format!("/spec{route}")))
    }

    /// Returns the place of a passage of a text below `spec`: `length` bytes from `offset` of its content.
    pub(super) fn within(&self, route: &str, offset: usize, length: usize) -> Option<Origin> {
        Some(self.document.within(&format!("/spec{route}"), offset, length))
    }

    /// Returns the place of a key below `spec`.
    pub(super) fn key(&self, route: &str) -> Option<Origin> {
        Some(self.document.key_at(&format!("/spec{route}")))
    }

    /// Returns the place of the document's name.
    pub(super) fn head(&self) -> Origin {
        self.document.origin()
    }
}

/// What a scope's name leads to.
pub(super) enum Meant<'a> {
    /// The whole directory.
    Tenant,
    /// An Azure scope by its id.
    Arm(ArmScope),
    /// A Scope manifest.
    Named(&'a Scope),
    /// A Scope manifest that could not be read: nothing more is known.
    Unreadable,
    /// No Scope manifest has this name.
    Unknown,
    /// It begins like an Azure id and is none.
    Malformed,
}

impl Meant<'_> {
    /// Returns the surface whose roles hold there, where that is known.
    pub(super) fn surface(&self) -> Option<Surface> {
        match self {
            Self::Tenant => Some(Surface::Directory),
            Self::Arm(_) => Some(Surface::Azure),
            Self::Named(scope) => Some(scope.surface()),
            Self::Unreadable | Self::Unknown | Self::Malformed => None,
        }
    }

    /// Tells whether it is a management group.
    pub(super) fn is_management_group(&self) -> bool {
        self.arm_kind() == Some(ArmScopeKind::ManagementGroup)
    }

    /// Returns what kind of Azure scope it is, where it is one that is known.
    pub(super) fn arm_kind(&self) -> Option<ArmScopeKind> {
        match self {
            Self::Arm(scope) | Self::Named(Scope::Resource { resource: scope }) => Some(scope.kind()),
            Self::Named(Scope::ManagementGroup { .. }) => Some(ArmScopeKind::ManagementGroup),
            Self::Named(Scope::Subscription { resource_group: None, .. }) => Some(ArmScopeKind::Subscription),
            Self::Named(Scope::Subscription { .. }) => Some(ArmScopeKind::ResourceGroup),
            _ => None,
        }
    }

    /// Returns a text that is equal for references to the same scope, as far as that can be seen without the tenant; none
    /// where nothing is known.
    pub(super) fn identity(&self) -> Option<String> {
        match self {
            Self::Tenant => Some(TENANT_IDENTITY.to_owned()),
            Self::Arm(scope) => Some(scope.as_str().to_owned()),
            Self::Named(scope) => Some(scope_identity(scope)),
            Self::Unreadable | Self::Unknown | Self::Malformed => None,
        }
    }
}

fn scope_identity(scope: &Scope) -> String {
    let text = match scope {
        Scope::AdministrativeUnit { administrative_unit: UnitHandle::Name(name) } => format!("unit {name}"),
        Scope::AdministrativeUnit { administrative_unit: UnitHandle::Id(by) } => format!("unit {}", by.id),
        Scope::Application { application } => format!("application {}", application.handle()),
        Scope::EnterpriseApplication { enterprise_application } => {
            format!("enterprise application {}", enterprise_application.handle())
        }
        Scope::ManagementGroup { management_group } => {
            format!("/providers/microsoft.management/managementgroups/{management_group}")
        }
        Scope::Subscription { subscription, resource_group } => {
            let group = resource_group.as_deref().map(|group| format!("/resourcegroups/{group}")).unwrap_or_default();
            format!("/subscriptions/{subscription}{group}")
        }
        Scope::Resource { resource } => resource.as_str().to_owned(),
        Scope::Under { under } => format!("under {} {:?}", under.management_group, under.kinds),
    };
    text.to_lowercase()
}

/// A role at a scope, by names: equal for references to the same, as far as that can be seen without the tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TargetName {
    /// The surface.
    pub(super) surface: Surface,
    /// The role.
    pub(super) role: String,
    /// The scope; `/` for directory settings, empty for groups.
    pub(super) scope: String,
}

/// An assignment manifest.
pub(super) struct Assigned<'a> {
    /// The document.
    pub(super) entry: &'a Entry<'a>,
    /// Its content.
    pub(super) view: AssignmentView<'a>,
    /// What it is assigned to, with the index of the scope each comes from. Scopes that mean nothing are left out.
    pub(super) targets: Vec<(usize, TargetName)>,
}

impl Assigned<'_> {
    /// Returns how many assignments it stands for.
    pub(super) fn expansion(&self) -> usize {
        self.view.principals.len().saturating_mul(self.view.scopes.map_or(1, <[String]>::len))
    }
}

/// A RoleSettings manifest.
pub(super) struct Settled<'a> {
    /// The document.
    pub(super) entry: &'a Entry<'a>,
    /// Its content.
    pub(super) document: &'a RoleSettings,
    /// Its fields, profiles merged.
    pub(super) governed: Rc<Governed<'a>>,
}

/// The run.
pub(super) struct Run<'a> {
    /// All documents.
    pub(super) entries: &'a [Entry<'a>],
    /// Every file and every document could be read; else what seems to be missing may be in the rest.
    pub(super) is_complete: bool,
    /// The Tenant documents.
    pub(super) tenants: Vec<(&'a Entry<'a>, &'a Tenant)>,
    /// Scopes by name.
    pub(super) scopes: HashMap<&'a str, (&'a Entry<'a>, Option<&'a Scope>)>,
    /// Profiles by name.
    pub(super) profiles: HashMap<&'a str, (&'a Entry<'a>, Option<&'a SettingsProfile>)>,
    /// Custom directory roles.
    pub(super) directory_roles: Vec<(&'a Entry<'a>, &'a DirectoryRoleDefinition)>,
    /// Custom Azure roles.
    pub(super) azure_roles: Vec<(&'a Entry<'a>, &'a AzureRoleDefinition)>,
    /// Assignments.
    pub(super) assignments: Vec<Assigned<'a>>,
    /// Role settings.
    pub(super) settings: Vec<Settled<'a>>,
    /// The settings of each target; the first declaration where there are several.
    pub(super) governed: BTreeMap<TargetName, Rc<Governed<'a>>>,
    /// What is declared twice, once somebody asked.
    pub(super) twice: OnceCell<Vec<Twice>>,
    /// Where roles are named, once somebody asked.
    pub(super) role_uses: OnceCell<Vec<RoleUse<'a>>>,
    /// The conditions that could be read, once somebody asked.
    pub(super) conditions: OnceCell<Vec<ReadCondition>>,
    /// Every custom role: its surface, its document, its display name.
    pub(super) custom_roles: Vec<(Surface, &'a Entry<'a>, &'a str)>,
    /// Custom roles by surface and display name or id, both in lower case.
    declared: HashMap<(Surface, String), &'a Entry<'a>>,
}

impl<'a> Run<'a> {
    /// Indexes the documents.
    pub(super) fn new(entries: &'a [Entry<'a>], is_complete: bool) -> Self {
        let mut run = Self {
            entries,
            is_complete,
            tenants: Vec::new(),
            scopes: HashMap::new(),
            profiles: HashMap::new(),
            directory_roles: Vec::new(),
            azure_roles: Vec::new(),
            assignments: Vec::new(),
            settings: Vec::new(),
            governed: BTreeMap::new(),
            twice: OnceCell::new(),
            role_uses: OnceCell::new(),
            conditions: OnceCell::new(),
            custom_roles: Vec::new(),
            declared: HashMap::new(),
        };
        let mut settings = Vec::new();
        for entry in entries {
            run.add(entry, &mut settings);
        }
        for (entry, document) in settings {
            let governed = Rc::new(Governed::merge(&run, entry, document));
            for applies in &document.applies_to {
                for (_, target) in run.governed_targets(applies) {
                    run.governed.entry(target).or_insert_with(|| Rc::clone(&governed));
                }
            }
            run.settings.push(Settled { entry, document, governed });
        }
        let targets: Vec<_> = run.assignments.iter().map(|assigned| run.targets(&assigned.view)).collect();
        for (assigned, targets) in run.assignments.iter_mut().zip(targets) {
            assigned.targets = targets;
        }
        run
    }

    fn add(&mut self, entry: &'a Entry<'a>, settings: &mut Vec<(&'a Entry<'a>, &'a RoleSettings)>) {
        match (entry.kind, entry.name) {
            (Kind::Scope, Some(name)) => {
                let scope = entry.spec.and_then(|spec| if let Spec::Scope(scope) = spec { Some(scope) } else { None });
                self.scopes.entry(name).or_insert((entry, scope));
            }
            (Kind::SettingsProfile, Some(name)) => {
                let profile = entry
                    .spec
                    .and_then(|spec| if let Spec::SettingsProfile(profile) = spec { Some(profile) } else { None });
                self.profiles.entry(name).or_insert((entry, profile));
            }
            _ => {}
        }
        match entry.spec {
            Some(Spec::Tenant(tenant)) => self.tenants.push((entry, tenant)),
            Some(Spec::DirectoryRoleDefinition(role)) => {
                self.directory_roles.push((entry, role));
                self.declare(Surface::Directory, entry, &role.display_name, role.id.as_ref().map(|id| id.as_str()));
            }
            Some(Spec::AzureRoleDefinition(role)) => {
                self.azure_roles.push((entry, role));
                self.declare(Surface::Azure, entry, &role.display_name, role.id.as_ref().map(|id| id.as_str()));
            }
            Some(Spec::RoleSettings(document)) => settings.push((entry, document)),
            Some(spec @ (Spec::EligibleAssignment(_) | Spec::ActiveAssignment(_))) => {
                if let Some(view) = spec.assignment() {
                    self.assignments.push(Assigned { entry, view, targets: Vec::new() });
                }
            }
            Some(Spec::Scope(_) | Spec::SettingsProfile(_)) | None => {}
        }
    }

    fn declare(&mut self, surface: Surface, entry: &'a Entry<'a>, name: &'a str, id: Option<&str>) {
        self.custom_roles.push((surface, entry, name));
        for text in std::iter::once(name).chain(id) {
            self.declared.entry((surface, text.to_lowercase())).or_insert(entry);
        }
    }

    /// Returns the custom role of this run that has the name or id.
    pub(super) fn declared(&self, surface: Surface, name: &str) -> Option<&'a Entry<'a>> {
        self.declared.get(&(surface, name.to_lowercase())).copied()
    }

    /// Returns the display names of this run's custom roles.
    pub(super) fn declared_names(&self, surface: Surface) -> Vec<&'a str> {
        self.custom_roles.iter().filter(|(of, ..)| *of == surface).map(|(_, _, name)| *name).collect()
    }

    /// Tells whether the manifests expand to a number of assignments that can be looked at one by one.
    pub(super) fn is_expandable(&self) -> bool {
        self.assignments.iter().map(Assigned::expansion).fold(0_usize, usize::saturating_add) <= EXPANSION
    }

    /// Returns the content of the Tenant document, when there is exactly one.
    pub(super) fn tenant(&self) -> Option<(&'a Entry<'a>, &'a Tenant)> {
        match self.tenants.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Returns what a scope's name means.
    pub(super) fn scope(&self, name: &str) -> Meant<'a> {
        if name == "tenant" {
            return Meant::Tenant;
        }
        if name.starts_with('/') {
            return ArmScope::parse(name).map_or(Meant::Malformed, Meant::Arm);
        }
        match self.scopes.get(name) {
            None => Meant::Unknown,
            Some((_, None)) => Meant::Unreadable,
            Some((_, Some(scope))) => Meant::Named(scope),
        }
    }

    fn targets(&self, view: &AssignmentView<'_>) -> Vec<(usize, TargetName)> {
        let surface = view.role.surface();
        let role = role_identity(view.role);
        let at = |scope: String| TargetName { surface, role: role.clone(), scope };
        match view.scopes.filter(|_| view.role.has_scopes()) {
            None => view.role.default_scope().map(|scope| (0, at(scope.to_owned()))).into_iter().collect(),
            Some(scopes) => {
                let meant = scopes.iter().enumerate().filter_map(|(index, name)| {
                    let meant = self.scope(name);
                    let fits = meant.surface() == Some(surface);
                    meant.identity().filter(|_| fits).map(|identity| (index, at(identity)))
                });
                meant.collect()
            }
        }
    }

    /// Returns the targets that role settings apply to, with the index of the scope each comes from.
    pub(super) fn governed_targets(
        &self,
        applies: &crate::manifest::kind::role::GovernedRole,
    ) -> Vec<(usize, TargetName)> {
        let reference = applies.role();
        let (surface, role) = (reference.surface(), role_identity(&reference));
        let at = |scope: String| TargetName { surface, role: role.clone(), scope };
        match reference.default_scope() {
            Some(scope) => vec![(0, at(scope.to_owned()))],
            None => {
                let scopes = applies.scopes().iter().enumerate();
                scopes.filter_map(|(index, name)| Some((index, at(self.scope(name).identity()?)))).collect()
            }
        }
    }

    /// Returns the settings that govern a target, when this run declares them. Directory roles have one set of settings
    /// whatever the scope.
    pub(super) fn settings_of(&self, target: &TargetName) -> Option<&Rc<Governed<'a>>> {
        match target.surface.capability().has_settings_by_scope {
            true => self.governed.get(target),
            false => self.governed.get(&TargetName { scope: TENANT_IDENTITY.to_owned(), ..target.clone() }),
        }
    }
}

/// Returns a text that is equal for references to the same role, as far as that can be seen without the tenant.
pub(super) fn role_identity(role: &RoleReference) -> String {
    let name = role.name();
    let known = (role.surface().capability().vocabulary.role)(name);
    let identity = known.map_or_else(|| name.to_lowercase(), |known| known.id.to_owned());
    match role {
        RoleReference::Directory { .. } | RoleReference::Azure { .. } => identity,
        RoleReference::Group { access, .. } => format!("{} {identity}", target::Access::from(*access).as_str()),
    }
}

/// Tells whether two may be the same principal: one is named by id and the other by name, and only the tenant knows.
pub(super) fn may_be_same(a: &Principal, b: &Principal) -> bool {
    let by_id = |one: &Principal| matches!(one.reference().handle, Handle::Id(_));
    a.kind() == b.kind() && by_id(a) != by_id(b)
}

/// Returns a reference that is equal for the same principal, as far as that can be seen without the tenant.
pub(super) fn principal_identity(principal: &Principal) -> Reference {
    let mut reference = principal.reference();
    if let Handle::Name(name) = &mut reference.handle {
        *name = name.to_lowercase();
    }
    reference
}
