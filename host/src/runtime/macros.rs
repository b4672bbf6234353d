//! The one way into the component.

/// Calls an export that answers a value: the value, or why there is none.
macro_rules! call_plain {
    ($subsystem:expr, $method:expr, |$live:ident| $call:expr) => {{
        let mut entered = $subsystem.enter($method).await?;
        let span = entered.span();
        $crate::runtime::subsystem::Finish::new(span, async move {
            let outcome = {
                let $live = entered.begin().await?;
                $call
            };
            entered.leave(outcome)
        })
        .await
    }};
}

/// Calls an export that answers a value or a failure.
macro_rules! call {
    ($subsystem:expr, $method:expr, |$live:ident| $call:expr) => {{
        let answer = call_plain!($subsystem, $method, |$live| $call)?;
        match answer {
            Ok(value) => Ok(value),
            Err(failure) => Err(<mapi_engine::error::Failure as $crate::runtime::convert::Wire>::from_wit(failure)?),
        }
    }};
}
