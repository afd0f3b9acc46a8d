//! The disk forgets what was not flushed, and keeps what was; each in every way that it may.

use super::*;
use rand::SeedableRng;
use std::collections::BTreeSet;

/// What may be left of a tree that `build` made, over many power cuts: each file with its bytes.
fn after(build: impl Fn(&mut Tree)) -> BTreeSet<String> {
    let look = |seed| {
        let mut tree = Tree::new(Path::new("/d"));
        build(&mut tree);
        tree.cut_power(&mut ChaCha8Rng::seed_from_u64(seed));
        let names = tree.list(Path::new("/d")).expect("it was flushed").into_iter();
        let text = names.map(|named| {
            let number = named.stat.number.1;
            format!("{}={}", named.name.display(), tree.read(number, 0, 9).escape_ascii())
        });
        text.collect::<Vec<_>>().join(" ")
    };
    (0..200).map(look).collect()
}

fn check(build: impl Fn(&mut Tree), expected: &[&str]) {
    assert_eq!(after(build), expected.iter().map(|&text| text.to_owned()).collect());
}

fn file(tree: &mut Tree, path: &str) -> Number {
    let number = tree.create(Path::new(path)).expect("nothing stands there");
    tree.write(number, b"ab");
    number
}

fn flush(tree: &mut Tree, number: Number) {
    let flushing = tree.begin_flush(number);
    tree.end_flush(&flushing);
}

fn flush_directory(tree: &mut Tree, path: &str) {
    let flushing = tree.begin_directory_flush(Path::new(path)).expect("it is there");
    tree.end_flush(&flushing);
}

#[test]
fn what_was_not_flushed_may_be_gone_or_torn() {
    let build = |tree: &mut Tree| {
        file(tree, "/d/x");
    };
    check(build, &["", "x=", "x=a", "x=ab", r"x=\x00\x00"]);
}

#[test]
fn a_flush_of_the_file_alone_keeps_no_name_and_one_of_the_directory_alone_no_bytes() {
    check(
        |tree| {
            let number = file(tree, "/d/x");
            flush(tree, number);
        },
        &["", "x=ab"],
    );
    check(
        |tree| {
            file(tree, "/d/x");
            flush_directory(tree, "/d");
        },
        &["x=", "x=a", "x=ab", r"x=\x00\x00"],
    );
}

#[test]
fn what_was_flushed_stays() {
    check(
        |tree| {
            let number = file(tree, "/d/x#1");
            flush(tree, number);
            tree.link(Path::new("/d/x#1"), Path::new("/d/x")).expect("the name is free");
            tree.unlink(Path::new("/d/x#1")).expect("it is there");
            flush_directory(tree, "/d");
        },
        &["x=ab"],
    );
}

/// No order is kept between names, and what was removed may be back.
#[test]
fn each_name_has_a_fate_of_its_own() {
    check(
        |tree| {
            for path in ["/d/x", "/d/y"] {
                let number = file(tree, path);
                flush(tree, number);
            }
            flush_directory(tree, "/d");
            tree.unlink(Path::new("/d/x")).expect("it is there");
            tree.unlink(Path::new("/d/y")).expect("it is there");
        },
        &["", "x=ab", "x=ab y=ab", "y=ab"],
    );
}

#[test]
fn a_flush_covers_what_was_there_when_it_began() {
    check(
        |tree| {
            let flushing = tree.begin_directory_flush(Path::new("/d")).expect("it is there");
            let number = file(tree, "/d/x");
            flush(tree, number);
            tree.end_flush(&flushing);
        },
        &["", "x=ab"],
    );
}

/// After a flush that failed the next one succeeds, and does nothing.
#[test]
fn pages_that_were_lost_are_lost() {
    check(
        |tree| {
            let number = file(tree, "/d/x");
            let flushing = tree.begin_flush(number);
            tree.lose_pages(&flushing);
            flush(tree, number);
            flush_directory(tree, "/d");
        },
        &["x=", "x=a", r"x=\x00\x00"],
    );
}

/// A directory that is not on the disk takes everything in it along.
#[test]
fn a_directory_without_a_name_is_gone_with_all_that_is_in_it() {
    let inside = |tree: &mut Tree| {
        tree.make_directory(Path::new("/d/e")).expect("it is not there");
        let number = file(tree, "/d/e/x");
        flush(tree, number);
        flush_directory(tree, "/d/e");
    };
    check(inside, &["", "e="]);
    check(
        |tree| {
            inside(tree);
            flush_directory(tree, "/d");
        },
        &["e="],
    );
}
