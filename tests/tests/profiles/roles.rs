//! Transport order and primary identity: behaviours 8 and 9.

use super::*;

async fn ordinals(services: &ServiceAdmin) -> Vec<Value> {
    column(&provider_table(services).await, tags::PROVIDER_ORDINAL).await
}

async fn suppliers(services: &ServiceAdmin) -> Vec<bool> {
    let flags = column(&service_table(services).await, tags::RESOURCE_FLAGS).await;
    flags.into_iter().map(|cell| matches!(cell, Value::Long(flags) if flags & SERVICE_IDENTITY != 0)).collect()
}

#[tokio::test]
async fn transports_are_in_the_order_given_whatever_they_prefer() {
    let fixture = fixture().await;
    let work = &fixture.work;
    for name in ["last", "wire", "wire"] {
        add(work, name).await;
    }
    let all = providers(work).await;
    assert_eq!(ordinals(work).await, [2, 0, 1].map(Value::Long), "PREFER_LAST");
    assert_eq!(code(work.msg_service_transport_order(&all[..2]).await), Code::Busy);
    assert_eq!(code(work.msg_service_transport_order(&[all[0], all[1], Guid([1; 16])]).await), Code::NotFound);
    assert_eq!(code(work.msg_service_transport_order(&[all[0], all[1], all[1]]).await), Code::NotFound);
    assert_eq!(ordinals(work).await, [2, 0, 1].map(Value::Long), "what fails changes nothing");
    work.msg_service_transport_order(&[all[0], all[2], all[1]]).await.unwrap();
    assert_eq!(ordinals(work).await, [0, 2, 1].map(Value::Long));
}

#[tokio::test]
async fn the_primary_identity_goes_from_service_to_service() {
    let fixture = fixture().await;
    let work = &fixture.work;
    let silent = add(work, "silent").await;
    let (first, second) = (add(work, "pair").await, add(work, "pair").await);
    assert_eq!(suppliers(work).await, [false, true, false], "the first that can");
    work.set_primary_identity(Some(second)).await.unwrap();
    assert_eq!(suppliers(work).await, [false, false, true]);
    assert_eq!(code(work.set_primary_identity(Some(silent)).await), Code::NoAccess);
    assert_eq!(code(work.set_primary_identity(Some(Guid([1; 16]))).await), Code::NotFound);
    work.delete_msg_service(second).await.unwrap();
    assert_eq!(suppliers(work).await, [false, true], "a supplier that is removed hands it on");
    work.set_primary_identity(None).await.unwrap();
    assert_eq!(suppliers(work).await, [false, false]);
    work.set_primary_identity(Some(first)).await.unwrap();
    assert_eq!(suppliers(work).await, [false, true]);
}
