//! Server-driven paging (E17).

use rolewright::sandbox::{SandboxOptions, Seed};

use crate::client::{Client, options};

#[tokio::test]
async fn pages_follow_each_other_and_some_are_empty() {
    let c = Client::start(SandboxOptions { page_size: Some(4), empty_pages: true, ..options(Seed::Contoso) }).await;
    let (mut ids, mut sizes) = (Vec::new(), Vec::new());
    let mut next = Some("/v1.0/users?$select=id&$filter=accountEnabled eq true".to_owned());
    while let Some(path) = next {
        let got = c.get(&path).await;
        sizes.push(got.rows().len());
        ids.extend(got.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        next = got.body["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(sizes, [4, 0, 4, 4, 0, 1]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 13);
}

#[tokio::test]
async fn a_page_token_is_opaque_and_belongs_to_its_path() {
    let c = Client::start(SandboxOptions { page_size: Some(2), ..options(Seed::Contoso) }).await;
    let link = c.get("/v1.0/users").await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&c.origin()));
    for wrong in [link.replace("/users", "/groups"), "/v1.0/users?$skiptoken=x".to_owned()] {
        let got = c.get(&wrong).await;
        assert_eq!(got.status, 400);
        assert!(got.code().contains("PageToken"));
    }
    assert_eq!(c.get("/v1.0/users?$top=1").await.rows().len(), 1);
    assert_eq!(c.advanced("/v1.0/users?$count=true").await.body["@odata.count"], 13);
}

#[tokio::test]
async fn top_replaces_the_default_page_size_up_to_its_limit() {
    let c = Client::start(options(Seed::Enterprise(150))).await;
    let first = c.get("/v1.0/users").await;
    assert_eq!((first.rows().len(), first.body["@odata.nextLink"].is_string()), (100, true));
    let all = c.get("/v1.0/users?$top=5000").await;
    assert_eq!((all.rows().len(), all.body.get("@odata.nextLink")), (152, None));
}
