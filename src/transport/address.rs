//! From a path and options to an address below a service.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::wire::Api;

use super::cloud::Cloud;
use super::error::TransportError;

/// What is escaped in a query option. The characters OData uses stay readable; `+`, `&`, `#`, `=`, `%`, blanks and quotes
/// are escaped, since a guest's name (`…#EXT#@…`) or a plus would otherwise end or change the option (graph.md 1).
const OPTION: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b':')
    .remove(b'/')
    .remove(b'@')
    .remove(b'*');

/// Returns `path` with its options, as it stands after the service's version, e.g. `/users?$top=5`.
pub(super) fn relative(path: &str, options: &[(String, String)]) -> String {
    let mut text = path.to_owned();
    for (n, (name, value)) in options.iter().enumerate() {
        text.push(if n == 0 { '?' } else { '&' });
        text.extend(utf8_percent_encode(name, OPTION));
        text.push('=');
        text.extend(utf8_percent_encode(value, OPTION));
    }
    text
}

/// Returns the address of `path` with its options at `api`.
pub(super) fn absolute(
    cloud: &Cloud,
    api: Api,
    path: &str,
    options: &[(String, String)],
) -> Result<Url, TransportError> {
    let origin = cloud.origin(api);
    let version = match api {
        Api::Graph => "/v1.0",
        Api::GraphBeta => "/beta",
        Api::Arm => "",
    };
    let good = path.starts_with('/') && !path.contains(['?', '#']);
    good.then(|| origin.at(&format!("{version}{}", relative(path, options))))
        .flatten()
        .ok_or_else(|| TransportError::Address { path: path.to_owned(), host: origin.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::cloud::CloudName;

    #[test]
    fn options_survive_the_trip() {
        let cloud = Cloud::named(CloudName::Public);
        let options = [
            ("$filter".to_owned(), "displayName eq 'O''Neil & Søn+1 #EXT# 100%'".to_owned()),
            ("api-version".to_owned(), "2020-10-01".to_owned()),
        ];
        let url = absolute(&cloud, Api::Graph, "/users", &options).expect("an address");
        assert_eq!(
            url.as_str(),
            "https://graph.microsoft.com/v1.0/users?$filter=displayName%20eq%20%27O%27%27Neil%20%26%20S%C3%B8n%2B1%20%23EXT%23%20100%25%27&api-version=2020-10-01"
        );
        let back: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(back, options);
    }

    #[test]
    fn versions_and_bad_paths() {
        let cloud = Cloud::named(CloudName::China);
        let at = |api, path| absolute(&cloud, api, path, &[]).map(|url| url.to_string());
        assert_eq!(at(Api::GraphBeta, "/me").expect("good"), "https://microsoftgraph.chinacloudapi.cn/beta/me");
        assert_eq!(at(Api::Arm, "/subscriptions").expect("good"), "https://management.chinacloudapi.cn/subscriptions");
        for path in ["users", "/users/../x", "/users?x=1", "//x", ""] {
            assert!(matches!(at(Api::Arm, path), Err(TransportError::Address { .. })), "{path}");
        }
    }
}
