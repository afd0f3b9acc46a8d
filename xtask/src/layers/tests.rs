use super::*;

/// The check itself, on this workspace: an ordinary test run notices a wrong edge.
#[test]
fn crates_of_this_workspace_point_downwards_only() {
    let errors: Vec<String> =
        check(&crate::tree::workspace_root()).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0]);
}

fn layer_of(name: &str) -> &'static Layer {
    LAYERS.iter().find(|layer| layer.name == name).unwrap()
}

fn dependency(name: &str, kind: &str, default_features: bool, features: &[&str]) -> Dependency {
    let dependency = serde_json::json!({
        "name": name, "source": null, "req": "^0.1", "kind": kind, "rename": null, "optional": false,
        "uses_default_features": default_features, "features": features, "target": null, "registry": null
    });
    serde_json::from_value(dependency).unwrap()
}

fn message(from: &str, to: &Dependency) -> Option<String> {
    objection(layer_of(from), to).map(|finding| finding.message)
}

#[test]
fn edge_that_points_upwards_is_refused() {
    let up = dependency("fencepost", "normal", true, &[]);
    assert_eq!(message("fencepost-store", &up).unwrap(), "fencepost-store must not depend on fencepost");
    assert_eq!(message("fencepost-cli", &up), None);
    assert_eq!(message("fencepost-sim", &up), None);
    assert!(message("xtask", &up).is_some());
}

#[test]
fn crate_may_name_itself_for_its_tests() {
    let own = dependency("fencepost-store", "dev", true, &["test-util"]);
    assert_eq!(message("fencepost-store", &own), None);
}

#[test]
fn core_takes_the_format_without_its_codec() {
    assert_eq!(message("fencepost-fence", &dependency("fencepost-format", "normal", false, &[])), None);
    let with = dependency("fencepost-format", "normal", false, &["codec"]);
    assert!(message("fencepost-fence", &with).unwrap().contains("without its codec"));
    assert!(message("fencepost-fence", &dependency("fencepost-format", "normal", true, &[])).is_some());
    assert_eq!(message("fencepost", &with), None);
}

#[test]
fn banned_crate_is_found_however_deep_it_lies() {
    let tree = "fencepost-fence v0.1.0\nsnafu v0.9.0\ntokio v1.0.0\narrow-array v60.0.0\nruntime v1.0.0\n";
    let found: Vec<String> =
        forbidden(layer_of("fencepost-fence"), tree).into_iter().map(|f| f.message).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("arrow-array") && found[1].contains("tokio"), "{found:?}");
}

#[test]
fn table_has_no_cycle_and_no_unknown_name() {
    let mut placed: Vec<&str> = Vec::new();
    for layer in LAYERS {
        if let Ours::Only(names) = layer.ours {
            // Each row names only rows above it.
            assert!(names.iter().all(|name| placed.contains(name)), "{}", layer.name);
        }
        placed.push(layer.name);
    }
}

#[test]
fn table_and_workspace_name_the_same_crates() {
    let mut members: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    assert_eq!(check_members(&members), []);
    members.remove("fencepost-gc");
    members.insert("fencepost-new");
    let found: Vec<String> = check_members(&members).into_iter().map(|f| f.message).collect();
    assert!(found[0].starts_with("fencepost-new has no place"), "{found:?}");
    assert!(found[1].starts_with("fencepost-gc is in the table"), "{found:?}");
}

#[test]
fn private_crate_must_not_be_publishable() {
    let mut package = own_package();
    assert_eq!(check_edges(layer_of("xtask"), &BTreeSet::new(), &package), []);
    package.publish = None;
    assert_eq!(check_edges(layer_of("xtask"), &BTreeSet::new(), &package)[0].rule, "publish");
}

#[test]
fn package_that_needs_a_newer_compiler_is_found() {
    let package = own_package();
    let stated = package.rust_version.clone().unwrap();
    assert_eq!(newer_than(&stated, std::slice::from_ref(&package)), []);
    assert_eq!(newer_than(&Version::new(1, 0, 0), &[package])[0].rule, "rust-version");
}

/// The package that these tests are in.
fn own_package() -> Package {
    let metadata =
        MetadataCommand::new().no_deps().current_dir(crate::tree::workspace_root()).exec().unwrap();
    metadata.packages.into_iter().find(|package| package.name.as_str() == "xtask").unwrap()
}
