//! A client assertion signed with a certificate's key (graph.md 10): PS256, named by the certificate's SHA-256.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::transport::cause::Cause;

use super::error::AuthError;
use super::settings::Method;

/// How long an assertion is good for; Microsoft recommends 5 to 10 minutes.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A certificate and its RSA key.
pub(super) struct Certificate {
    key: RsaKeyPair,
    leaf: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
}

// A key has no business in a log.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a PEM file that holds the private key (PKCS #8 or PKCS #1, RSA) and its certificate, in any order, with or without
    /// the issuers' certificates. With `send_chain`, all certificates travel with the assertion (`x5c`).
    pub(super) fn read(path: &Path, send_chain: bool) -> Result<Self, AuthError> {
        let input = |what: String, source| AuthError::Input { method: Method::ClientCertificate, what, source };
        let pem = std::fs::read(path)
            .map_err(|error| input(format!("{} cannot be read", path.display()), Some(Cause::of(&error))))?;
        Self::parse(&pem, send_chain).map_err(|what| input(format!("{}: {what}", path.display()), None))
    }

    fn parse(pem: &[u8], send_chain: bool) -> Result<Self, String> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| "a certificate in it is not valid PEM".to_owned())?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            "no private key in it; the file must hold the certificate and its unencrypted key as PEM (convert a PFX with \
             `openssl pkcs12 -in app.pfx -out app.pem -nodes`)"
                .to_owned()
        })?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("the private key is not RSA".to_owned()),
        }
        .map_err(|error| format!("the private key is not a usable RSA key of 2048 bits or more ({error})"))?;
        // The public key stands in its certificate byte for byte, so the right one is found without reading X.509.
        let public = key.public().as_ref();
        let leaf = certificates
            .iter()
            .find(|certificate| certificate.windows(public.len()).any(|window| window == public))
            .cloned()
            .ok_or_else(|| "no certificate in it belongs to its private key".to_owned())?;
        let mut chain = Vec::new();
        if send_chain {
            chain.push(leaf.clone());
            chain.extend(certificates.into_iter().filter(|certificate| *certificate != leaf));
        }
        Ok(Self { key, leaf, chain })
    }

    /// Returns a signed assertion that `client_id` asks for a token at `audience`, the token endpoint.
    pub(super) fn assert(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
        id: Uuid,
    ) -> Result<String, AuthError> {
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.leaf));
        let mut header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
        if !self.chain.is_empty() {
            header["x5c"] = self.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        }
        let issued = now.as_second();
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": id.to_string(),
            "nbf": issued, "iat": issued, "exp": issued + LIFE.as_secs(),
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| {
            AuthError::Input {
                method: Method::ClientCertificate,
                what: "the private key does not sign".to_owned(),
                source: None,
            }
        })?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
