//! Waiting for a scope that may be too young to be granted on.

use crate::core::target::Target;
use crate::reconcile::patience;
use crate::reconcile::step::Runner;
use crate::surface::Surface;
use crate::wire::Query;

impl Runner {
    /// Waits until a scope that may be young is seen twice, seconds apart: a request scoped to an administrative unit that the
    /// service does not know everywhere was granted on the whole tenant (traps: msgraph-sdk-powershell#1996). Once per run.
    pub(super) async fn settle_scope(&mut self, surface: &dyn Surface, target: &Target) -> Result<(), String> {
        let queries = surface.scope_queries(target);
        let Some(first) = queries.first() else { return Ok(()) };
        if self.settled_scopes.contains(&first.path) {
            return Ok(());
        }
        let mut seen = 0;
        let mut waits = patience::looks();
        loop {
            seen = if self.is_there(&queries).await? { seen + 1 } else { 0 };
            if seen >= 2 {
                self.settled_scopes.insert(first.path.clone());
                return Ok(());
            }
            match waits.next() {
                Some(_) if seen == 1 => self.wait(patience::SECOND_LOOK).await,
                Some(wait) => self.wait(wait).await,
                None => return Err("the scope does not exist".to_owned()),
            }
        }
    }

    /// Tells whether any of the reads shows an object.
    async fn is_there(&self, queries: &[Query]) -> Result<bool, String> {
        for query in queries {
            match self.client.reader().get(query).await {
                Ok(_) => return Ok(true),
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(format!("the scope could not be read: {error}")),
            }
        }
        Ok(false)
    }
}
