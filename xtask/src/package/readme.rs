//! A program for each library, outside the workspace: the example of its README with the dependencies that
//! the README names.
//!
//! They are members of a workspace in `target/package-users` whose crates of ours are the unpacked tarballs,
//! so that what they are built from is what would be published.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package, TargetKind};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use snafu::ResultExt as _;

use crate::error::{MetadataSnafu, ReadSnafu, Result, UnusableSnafu};
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::mirror::write_if_different;
use crate::step::Step;
use crate::stores::target;

pub(super) fn steps(root: &Path, published: &[Package]) -> Vec<Step> {
    let folder = target(root).join("package-users");
    let libraries: Vec<Package> = published.iter().filter(|package| is_library(package)).cloned().collect();
    let run = |package: &Package| {
        let words = ["run", "--quiet", "-p", &user_of(package)].map(str::to_owned);
        let invocation = Invocation::cargo(&folder, words).with_env("CARGO_TARGET_DIR", target(root));
        Step::run(format!("{}, used from outside", package.name), invocation)
    };
    let runs: Vec<Step> = libraries.iter().map(run).collect();
    let (tarballs, published) = (target(root).join("package"), published.to_vec());
    let write = Step::check("programs outside", move || write(&folder, &tarballs, &published, &libraries));
    std::iter::once(write).chain(runs).collect()
}

fn is_library(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::Lib))
}

fn user_of(package: &Package) -> String {
    format!("user-of-{}", package.name)
}

fn write(
    folder: &Path,
    tarballs: &Path,
    published: &[Package],
    libraries: &[Package],
) -> Result<Vec<Finding>> {
    let mut workspace =
        "[workspace]\nresolver = \"3\"\nmembers = [\"user-of-*\"]\n\n[patch.crates-io]\n".to_owned();
    for package in published {
        let unpacked = unpack(tarballs, package)?;
        let _ = writeln!(workspace, "{} = {{ path = {:?} }}", package.name, unpacked);
    }
    write_if_different(&folder.join("Cargo.toml"), workspace.as_bytes())?;
    for package in libraries {
        let path = tarballs.join(format!("{}-{}/README.md", package.name, package.version));
        let readme = std::fs::read_to_string(&path).context(ReadSnafu { path: &path })?;
        let (Some(dependencies), Some(program)) = (block(&readme, "toml"), block(&readme, "rust")) else {
            let message =
                format!("{} needs a `toml` block with dependencies and a `rust` block", path.display());
            return UnusableSnafu { message }.fail();
        };
        let name = user_of(package);
        let edition = package.edition;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"{edition}\"\npublish = false\n\n{dependencies}"
        );
        let user = folder.join(name);
        write_if_different(&user.join("Cargo.toml"), manifest.as_bytes())?;
        write_if_different(&user.join("src/main.rs"), program.as_bytes())?;
    }
    one_arrow(folder)
}

/// Who depends on an Arrow by its number and on us by our range must get one Arrow, without a lock file of ours.
fn one_arrow(folder: &Path) -> Result<Vec<Finding>> {
    let metadata = MetadataCommand::new().current_dir(folder).exec().context(MetadataSnafu)?;
    let arrows = metadata.packages.iter().filter(|package| package.name.as_str() == "arrow-array");
    let versions: Vec<String> = arrows.map(|package| package.version.to_string()).collect();
    if versions.len() == 1 {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::error(
        "arrow",
        format!("a program that names one Arrow gets {}", versions.join(" and ")),
    )])
}

/// Where the files of the tarball are; unpacks it, since cargo removes what it unpacked itself if all went well.
fn unpack(tarballs: &Path, package: &Package) -> Result<PathBuf> {
    let name = format!("{}-{}", package.name, package.version);
    let words = ["-xzf".to_owned(), format!("{name}.crate")];
    let tar = Invocation::new("tar", tarballs, words);
    if !tar.run_directly()? {
        return UnusableSnafu { message: format!("`{tar}` failed; run the step `tarballs` first") }.fail();
    }
    Ok(tarballs.join(name))
}

/// The first block of code in this language.
fn block(page: &str, language: &str) -> Option<String> {
    let mut events = Parser::new(page);
    events.find(|event| match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => &**info == language,
        _ => false,
    })?;
    let text = events.take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)));
    Some(
        text.filter_map(|event| if let Event::Text(text) = event { Some(text.into_string()) } else { None })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_their_language() {
        let page = "# A\n\n```toml\n[dependencies]\na = \"1\"\n```\n\n```rust\nfn main() {}\n```\n";
        assert_eq!(block(page, "toml").unwrap(), "[dependencies]\na = \"1\"\n");
        assert_eq!(block(page, "rust").unwrap(), "fn main() {}\n");
        assert_eq!(block(page, "sh"), None);
    }
}
