//! Where to look: what the manifests speak of, found in the tenant by its names, and read.

mod azure;
mod group;

use std::collections::BTreeSet;

use futures_util::future::{join, join3};

use crate::core::diagnostic::Diagnostic;
use crate::core::id::TenantId;
use crate::core::name::{Names, Reference};
use crate::core::observed::Observed;
use crate::core::reach::{Asked, Reach};
use crate::core::target::Surface;
use crate::reconcile::hierarchy::Landscape;
use crate::reconcile::{names, observe};
use crate::transport::{Client, TransportError};

/// What a survey found.
#[derive(Debug)]
pub struct Survey {
    /// The names of the manifests, but for those of roles.
    pub names: Names,
    /// The tenant, as far as the manifests speak of it.
    pub observed: Observed,
    /// Errors and warnings about the manifests that only the tenant reveals.
    pub mistakes: Vec<Diagnostic>,
}

/// Looks names up and reads the tenant, as much side by side as may be: the directory is read whole, groups and Azure only where
/// the manifests look.
///
/// # Errors
/// Only when no token can be had.
pub async fn survey(
    client: &Client,
    tenant: &TenantId,
    surfaces: &BTreeSet<Surface>,
    references: &BTreeSet<Reference>,
    asked: &dyn Asked,
) -> Result<Survey, TransportError> {
    let reader = client.reader();
    let directory = async {
        match surfaces.contains(&Surface::Directory) {
            true => observe::observe(client, Surface::Directory, &Reach::default()).await.map(Some),
            false => Ok(None),
        }
    };
    let landscape = async {
        match surfaces.contains(&Surface::Azure) {
            true => Landscape::read(&reader, tenant).await.map(Some),
            false => Ok(None),
        }
    };
    let (looked_up, directory, landscape) = join3(names::resolve(&reader, references), directory, landscape).await;
    let mut names = looked_up?;
    let landscape = landscape?;
    if let Some(landscape) = &landscape {
        landscape.resolve(references, &mut names);
    }
    let azure = async {
        match landscape {
            Some(landscape) => azure::survey(client, asked, landscape, &names).await.map(Some),
            None => Ok(None),
        }
    };
    let groups = async {
        match surfaces.contains(&Surface::Group) {
            true => group::find(&reader, asked, &names).await.map(Some),
            false => Ok(None),
        }
    };
    let (azure, groups) = join(azure, groups).await;
    let mut observed = directory?.unwrap_or_else(|| Observed::empty(observe::now(client)));
    let mut mistakes = Vec::new();
    if let Some((azure, wrong)) = azure? {
        observed.join(azure);
        mistakes.extend(wrong);
    }
    if let Some(mut found) = groups? {
        mistakes.append(&mut found.mistakes);
        group::read(client, found, &names, &mut observed).await?;
    }
    Ok(Survey { names, observed, mistakes })
}
