//! Runs against the server at FALCO_ADDRESS; FALCO_CERTS is set when that is TCP (see tests/e2e/grpc).

use std::time::Duration;

use falco_client::proto::api::v1::{
    DeleteRulesRequest, Field, FieldType, GetRuleRequest, SwitchRulesRequest,
};
use falco_client::{Client, Config, Error, Value};
use tokio_stream::StreamExt;
use tonic::Code;

fn certificates() -> String {
    std::env::var("FALCO_CERTS").unwrap_or_default()
}

/// None, and the test passes over, when there is no server.
fn connect(directory: &str, name: &str) -> Option<Client> {
    let address = std::env::var("FALCO_ADDRESS").ok()?;
    let config = Config {
        address,
        cert: format!("{directory}/{name}.crt"),
        key: format!("{directory}/{name}.key"),
        ca: format!("{}/ca.crt", certificates()),
    };
    Some(Client::connect(config).expect("a client"))
}

fn rule(name: &str, condition: &str) -> String {
    format!(
        "- rule: {name}\n  desc: d\n  condition: {condition}\n  output: \"%rs.user came\"\n  priority: ERROR\n  source: rs\n"
    )
}

/// The output without time and priority in front.
fn text_of(output: String) -> String {
    output
        .split_once(": Error ")
        .map_or(output.clone(), |(_, text)| text.to_owned())
}

fn fields() -> Vec<Field> {
    let field = |name: &str, kind: FieldType, list| Field {
        name: name.into(),
        r#type: kind as i32,
        list,
        description: String::new(),
    };
    vec![
        field("rs.user", FieldType::String, false),
        field("rs.count", FieldType::Uint64, false),
        field("rs.tags", FieldType::String, true),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_reach_sub_get_and_subscribe_in_order() {
    let Some(falco) = connect(&certificates(), "operator") else {
        return;
    };
    assert!(!falco.version().await.unwrap().engine_version.is_empty());
    falco
        .create_rules(&rule("RsOrder", "rs.user startswith u"), "")
        .await
        .unwrap();
    const TOTAL: usize = 1000;
    let (one, two) = (falco.clone(), falco.clone());
    let sub = tokio::spawn(async move {
        let stream = one.sub().await.unwrap();
        stream
            .take(TOTAL)
            .map(|alert| text_of(alert.unwrap().output))
            .collect::<Vec<_>>()
            .await
    });
    let subscription = tokio::spawn(async move {
        let mut alerts = two.subscribe();
        let mut seen = Vec::new();
        while seen.len() < TOTAL {
            seen.push(text_of(alerts.next().await.unwrap().unwrap().response.output));
        }
        seen
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut input = falco.input("rs", fields()).await.unwrap();
    for number in 0..TOTAL {
        let user = format!("u{number}");
        input
            .send([
                ("rs.user", user.as_str().into()),
                ("rs.count", (number as u64).into()),
            ])
            .await
            .unwrap();
    }
    let (accepted, refusals) = input.close().await.unwrap();
    assert_eq!((accepted, refusals.len()), (TOTAL as u64, 0));
    let expected: Vec<String> = (0..TOTAL).map(|number| format!("u{number} came")).collect();
    assert_eq!(sub.await.unwrap(), expected);
    assert_eq!(subscription.await.unwrap(), expected);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut input = falco.input("rs", fields()).await.unwrap();
    input.send([("rs.user", "u-late".into())]).await.unwrap();
    input.close().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let late: Vec<String> = falco
        .get()
        .await
        .unwrap()
        .map(|alert| text_of(alert.unwrap().output))
        .collect()
        .await;
    assert_eq!(late, ["u-late came"]);
}

#[tokio::test]
async fn rules() {
    let Some(mut falco) = connect(&certificates(), "operator") else {
        return;
    };
    let created = falco
        .create_rules(&rule("RsRule", "evt.num < 0"), "")
        .await
        .unwrap();
    match falco.update_rules(&rule("RsRule", "no.such.field = 1"), "").await {
        Err(Error::Refused(refused)) => assert!(refused.result.contains("\"successful\":false")),
        other => panic!("{other:?}"),
    }
    let rules = vec!["RsRule".to_owned()];
    falco
        .disable_rules(SwitchRulesRequest {
            rules: rules.clone(),
            ..Default::default()
        })
        .await
        .unwrap();
    let got = falco
        .api
        .get_rule(GetRuleRequest {
            name: "RsRule".into(),
        })
        .await
        .unwrap()
        .into_inner();
    assert!(!got.enabled);
    let stale = DeleteRulesRequest {
        rules: rules.clone(),
        revision: created.revision,
        ..Default::default()
    };
    assert_eq!(
        falco.delete_rules(stale).await.unwrap_err().code(),
        Some(Code::Aborted)
    );
    falco
        .delete_rules(DeleteRulesRequest {
            rules,
            ..Default::default()
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn refused_events_are_told_and_the_input_goes_on() {
    let Some(falco) = connect(&certificates(), "operator") else {
        return;
    };
    let mut input = falco.input("rs", fields()).await.unwrap();
    input
        .send([("rs.tags", Value::List(vec!["x".into()]))])
        .await
        .unwrap();
    input.send([("rs.user", 1.into())]).await.unwrap();
    input.send([("rs.count", 2.into())]).await.unwrap();
    let (accepted, refusals) = input.close().await.unwrap();
    assert_eq!(accepted, 2);
    assert_eq!(
        refusals.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(),
        ["rs.user"]
    );
    let reserved = match falco.input("syscall", fields()).await {
        Ok(input) => input.close().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(reserved.code(), Some(Code::Aborted));
}

#[tokio::test]
async fn certificates_decide() {
    let directory = certificates();
    if directory.is_empty() {
        return;
    }
    let Some(reader) = connect(&directory, "client") else {
        return;
    };
    reader.version().await.unwrap();
    let denied = reader
        .disable_rules(SwitchRulesRequest::default())
        .await
        .unwrap_err();
    assert_eq!(denied.code(), Some(Code::PermissionDenied));
    let foreign = connect(&format!("{directory}/other"), "client").unwrap();
    assert!(foreign.version().await.is_err());
}
