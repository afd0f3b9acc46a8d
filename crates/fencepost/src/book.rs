#![doc = include_str!("book/links.md")]
#![doc = include_str!("../docs/README.md")]

// The pages are those of the repository's `docs/`, to which the folder `docs` of this crate is a link, so
// that they are in the tarball. Their links to each other are references whose definitions stand at the end
// of the page; those of `links.md` stand in front, so they count here, and rustdoc checks them. `cargo xtask
// tidy` refuses a page that is missing here or in the summary.
macro_rules! pages {
    ($($name:ident $file:literal)*) => {
        $(
            #[doc = include_str!("book/links.md")]
            #[doc = include_str!(concat!("../docs/", $file))]
            pub mod $name {}
        )*
    };
}

pages! {
    architecture "architecture.md"
    benchmarks "benchmarks.md"
    cli "cli.md"
    day "day.md"
    faults "faults.md"
    format "format.md"
    glossary "glossary.md"
    hosts "hosts.md"
    interop_lance "interop-lance.md"
    lance "lance.md"
    lance_upstream "lance-upstream.md"
    metrics "metrics.md"
    operating "operating.md"
    protocol "protocol.md"
    python "python.md"
    records "records.md"
    repair "repair.md"
    safety "safety.md"
    servers "servers.md"
    slatedb "slatedb.md"
    sql "sql.md"
    stores "stores.md"
    testing "testing.md"
    tutorial "tutorial.md"
}
