use super::read::judge;
use crate::report::{Outcome, Seen};
use fencepost_store::BucketSetting as Setting;

/// What is seen of a bucket whose lifecycle document has `rules`, by a doctor at `logs/a`.
fn with(rules: &str) -> Seen {
    let lifecycle = Setting::Found(format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>"));
    judge("logs/a/", &versioning(""), &lifecycle, Some(&Setting::Absent), "look")
}

fn versioning(status: &str) -> Setting {
    let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    Setting::Found(format!(
        "<?xml version=\"1.0\"?><VersioningConfiguration {namespace}>{status}</VersioningConfiguration>"
    ))
}

fn expiring(filter: &str) -> String {
    format!(
        "<Rule><ID>old</ID>{filter}<Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>"
    )
}

#[test]
fn rule_that_deletes_what_is_below_the_log_condemns() {
    for filter in [
        "",
        "<Prefix></Prefix>",
        "<Filter/>",
        "<Filter><Prefix>logs/</Prefix></Filter>",
        "<Prefix>lo</Prefix>",
        "<Filter><Prefix>logs/a/_mem_wal/</Prefix></Filter>",
        "<Filter><And><Prefix>logs/a</Prefix><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter>",
    ] {
        let seen = with(&expiring(filter));
        assert_eq!(seen.outcome, Outcome::Failed, "{filter}: {}", seen.text);
        assert!(seen.text.contains("`old` deletes") && seen.text.contains("30 days"), "{}", seen.text);
        assert!(seen.lost.unwrap().contains("rows that nobody has read"));
    }
}

#[test]
fn rule_for_something_else_is_none_of_our_business() {
    for rule in [
        expiring("<Filter><Prefix>logs/b/</Prefix></Filter>"),
        expiring("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>"),
        expiring("<Filter><And><Prefix>logs/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"),
        expiring("<Prefix></Prefix>").replace("Enabled", "Disabled"),
        "<Rule><ID>parts</ID><Filter/><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>1\
         </DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
            .to_owned(),
        "<Rule><Filter/><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>\
         </Expiration></Rule>"
            .to_owned(),
    ] {
        let seen = with(&rule);
        assert_eq!(seen.outcome, Outcome::Passed, "{rule}: {}", seen.text);
    }
}

/// Whether a log is there the doctor does not know: it was told a place above.
#[test]
fn rule_for_a_part_warns() {
    let seen = with(&expiring("<Filter><Prefix>logs/a/tmp/</Prefix></Filter>"));
    assert_eq!(seen.outcome, Outcome::Warning, "{}", seen.text);
}

#[test]
fn archives_condemn_and_other_classes_warn() {
    let moving = |class: &str| {
        with(&format!(
            "<Rule><ID>m</ID><Filter/><Status>Enabled</Status><Transition><Days>30</Days><StorageClass>{class}</StorageClass>\
             </Transition></Rule>"
        ))
        .outcome
    };
    assert_eq!(["GLACIER", "STANDARD_IA"].map(moving), [Outcome::Failed, Outcome::Warning]);
}

#[test]
fn versioning_costs_unless_old_versions_expire() {
    let none = Setting::Found("<LifecycleConfiguration/>".to_owned());
    let on = versioning("<Status>Enabled</Status>");
    let seen = judge("", &on, &none, None, "look");
    assert_eq!(seen.outcome, Outcome::Warning, "{}", seen.text);
    assert!(seen.lost.unwrap().contains("paid for"));
    let sweeping = "<LifecycleConfiguration><Rule><ID>v</ID><Filter/><Status>Enabled</Status><NoncurrentVersionExpiration>\
                    <NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    let seen = judge("", &on, &Setting::Found(sweeping.to_owned()), None, "look");
    assert_eq!(seen.outcome, Outcome::Passed, "{}", seen.text);
    let seen = judge("", &versioning("<Status>Suspended</Status>"), &none, None, "look");
    assert_eq!((seen.outcome, seen.text.contains("versioning is off")), (Outcome::Passed, true));
}

#[test]
fn lock_by_default_costs_and_a_lock_that_waits_to_be_asked_does_not() {
    let lock = |rule: &str| {
        let text = format!(
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
        );
        judge("", &versioning(""), &Setting::Absent, Some(&Setting::Found(text)), "look").outcome
    };
    let rule = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule>";
    assert_eq!([lock(rule), lock("")], [Outcome::Warning, Outcome::Passed]);
}

/// GCS speaks of actions and conditions, and of objects that are live or not.
#[test]
fn rules_of_gcs_are_understood() {
    let rule = |condition: &str| {
        with(&format!("<Rule><Action><Delete/></Action><Condition>{condition}</Condition></Rule>")).outcome
    };
    assert_eq!(rule("<Age>30</Age>"), Outcome::Failed);
    assert_eq!(rule("<Age>30</Age><MatchesPrefix>logs/b</MatchesPrefix>"), Outcome::Passed);
    assert_eq!(
        rule("<Age>30</Age><MatchesPrefix>x/</MatchesPrefix><MatchesPrefix>logs/</MatchesPrefix>"),
        Outcome::Failed
    );
    assert_eq!(rule("<Age>30</Age><IsLive>false</IsLive>"), Outcome::Passed);
    assert_eq!(rule("<NumNewerVersions>1</NumNewerVersions>"), Outcome::Passed);
}

/// A writer should not have the right to read them.
#[test]
fn what_may_not_be_read_is_said_and_is_no_failure() {
    let denied = Setting::Denied(403);
    let seen =
        judge("", &denied, &denied, Some(&Setting::Unknown("501 NotImplemented".to_owned())), "look here");
    assert_eq!(seen.outcome, Outcome::Unknown);
    for text in
        ["versioning could not be read (403)", "object lock could not be read (501", "by hand: look here"]
    {
        assert!(seen.text.contains(text), "{}", seen.text);
    }
    // What could be read still counts.
    let lifecycle =
        Setting::Found(format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", expiring("")));
    assert_eq!(judge("", &denied, &lifecycle, None, "look").outcome, Outcome::Failed);
}

#[test]
fn documents_that_make_no_sense_are_not_taken_for_empty_ones() {
    let seen = judge("", &versioning(""), &Setting::Found("<html>hello".to_owned()), None, "look");
    assert_eq!(seen.outcome, Outcome::Unknown, "{}", seen.text);
    let bomb = format!("{}x", "<a>".repeat(100_000));
    let seen = judge("", &versioning(""), &Setting::Found(bomb), None, "look");
    assert_eq!(seen.outcome, Outcome::Unknown);
    let hostile = expiring("").replace("old", "\u{9b}2J\u{202e}");
    assert!(!with(&hostile).text.chars().any(|c| c.is_control()), "{}", with(&hostile).text);
}
