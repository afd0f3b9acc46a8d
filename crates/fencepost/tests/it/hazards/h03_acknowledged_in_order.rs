//! Hazard 3: with several PUTs in flight, a later one is acknowledged while an earlier one is not there. The
//! successor's fence entry takes the hole, and what stands above it is a stale entry.

use crate::support::{World, append_all, headers, settle, submit};
use fencepost::AppendError;
use fencepost_store::wrap::Op;

/// P-21.
#[tokio::test(start_paused = true)]
async fn h03_nothing_is_acknowledged_above_a_hole() {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, [1]).await;
    let held = world.faults.hold(Op::Put, world.entry(3)).times(1);
    let mut tickets = vec![submit(&a, 2).await, submit(&a, 3).await, submit(&a, 4).await];
    settle().await;
    let landed = headers(&world.truth).await;
    assert!(
        landed.contains_key(&4) && landed.contains_key(&5) && !landed.contains_key(&3),
        "the hole is there"
    );
    for ticket in &mut tickets {
        assert!(futures::poll!(ticket).is_pending());
    }

    let b = world.writer().await;
    held.release();
    for ticket in tickets {
        let error = ticket.await.unwrap_err();
        assert!(
            matches!(error, AppendError::Fenced { by, .. } if by == b.epoch()) && error.is_definite(),
            "{error}"
        );
    }
    // What an acknowledgement out of order would have promised: rows 3 and 4 stand there, and nobody gets them.
    append_all(&b, [5]).await;
    assert_eq!(world.layout().await, "1:h1 2:d1 3:p2 4-5:d1 6-66:f2 67:d2");
    assert_eq!(world.rows().await, [1, 5]);
}
