//! Discovery: the identity platform's documents, and ARM's list of endpoints (graph.md 11, clients.md).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::id;
use super::world::World;

/// Answers the GETs that need no token.
pub(crate) fn answer(world: &World, parts: &[&str], options: &[(String, String)]) -> Answer {
    let origin = world.origin();
    let version = options.iter().find(|(name, _)| name == "api-version").map(|(_, value)| value.as_str());
    match parts {
        ["metadata", "endpoints"] => match version {
            Some("2019-05-01") => Ok(Reply::json(200, json!([endpoints(origin)]))),
            Some(_) => Ok(Reply::json(200, endpoints(origin))),
            None => {
                Err(Problem::new(400, "MissingApiVersionParameter", "The api-version query parameter is required."))
            }
        },
        ["common", "discovery", "instance"] => Ok(Reply::json(
            200,
            json!({
            "tenant_discovery_endpoint": format!("{origin}/{}/v2.0/.well-known/openid-configuration", id::TENANT),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host(origin), "preferred_cache": host(origin), "aliases": [host(origin)]}]}),
        )),
        [directory, "v2.0", ".well-known", "openid-configuration"]
        | [directory, ".well-known", "openid-configuration"] => Ok(Reply::json(200, openid(origin, directory))),
        [_, "discovery", "v2.0", "keys"] => Ok(Reply::json(200, json!({"keys": []}))),
        _ => Err(Problem::not_emulated(&format!("GET /{}", parts.join("/")))),
    }
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// Returns the discovery document of one tenant; its keys are empty since tokens are for the sandbox alone.
fn openid(origin: &str, directory: &str) -> Value {
    json!({
        "issuer": format!("{origin}/{}/v2.0", id::TENANT),
        "authorization_endpoint": format!("{origin}/{directory}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{origin}/{directory}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{origin}/{directory}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{origin}/{directory}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": host(origin),
        "msgraph_host": host(origin),
    })
}

fn endpoints(origin: &str) -> Value {
    json!({
        "portal": origin,
        "authentication": {"loginEndpoint": origin, "audiences": [origin], "tenant": "common", "identityProvider": "AAD"},
        "media": origin, "graphAudience": origin, "graph": origin, "name": "RolewrightSandbox",
        "suffixes": {"azureDataLakeStoreFileSystem": "azuredatalakestore.sandbox.example", "acrLoginServer": "acr.sandbox.example",
            "sqlServerHostname": "database.sandbox.example",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.sandbox.example",
            "keyVaultDns": "vault.sandbox.example", "storage": "core.sandbox.example",
            "azureFrontDoorEndpointSuffix": "azurefd.sandbox.example"},
        "batch": origin, "resourceManager": origin, "microsoftGraphResourceId": origin, "sqlManagement": origin,
        "gallery": origin,
    })
}
