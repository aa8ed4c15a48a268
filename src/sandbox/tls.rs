//! A throw-away certificate authority and the server certificate it signs.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::SandboxError;

/// Names that the certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Returns an acceptor for HTTP/2 and HTTP/1.1 and the file that holds the authority's certificate as PEM.
pub(crate) fn acceptor(port: u16) -> Result<(TlsAcceptor, PathBuf), SandboxError> {
    let failed = |error: &dyn std::fmt::Display| SandboxError::Tls(error.to_string());
    let root_key = KeyPair::generate().map_err(|e| failed(&e))?;
    let mut root = CertificateParams::new(Vec::<String>::new()).map_err(|e| failed(&e))?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "rolewright sandbox");
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_certificate = root.self_signed(&root_key).map_err(|e| failed(&e))?;
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().map_err(|e| failed(&e))?;
    let mut leaf = CertificateParams::new(NAMES.map(str::to_owned)).map_err(|e| failed(&e))?;
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).map_err(|e| failed(&e))?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|e| failed(&e))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone(), root_certificate.der().clone()], private)
        .map_err(|e| failed(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let file = std::env::temp_dir().join(format!("rolewright-sandbox-{}-{port}.pem", std::process::id()));
    std::fs::write(&file, root_certificate.pem())
        .map_err(|source| SandboxError::StateFile { path: file.clone(), source })?;
    Ok((TlsAcceptor::from(Arc::new(config)), file))
}
