//! The book, in both languages: every page has its twin with the same code, every link leads somewhere, the index names
//! every page, and no page's code is left out of what is compiled (`plugin-sdk/src/lib.rs`) or read
//! (`runtime/src/config/book.rs`).

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// It is for those who work on iglu, and they speak English.
const ENGLISH_ONLY: [&str; 1] = ["docs/architecture.md"];
const CHINESE: &str = ".zh-CN.md";

struct Page {
    /// From the root, with `/`.
    name: String,
    text: String,
}

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for folder in ["", "docs/"] {
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let name = format!("{folder}{}", file.unwrap().file_name().to_str().unwrap());
            if name.starts_with("README") || (name.ends_with(".md") && !folder.is_empty()) {
                pages.push(Page { text: fs::read_to_string(root().join(&name)).unwrap(), name });
            }
        }
    }
    assert!(pages.len() > 30);
    pages
}

/// Language and text of each block of code.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap()).collect()
}

/// Code without comments and what people read: that part is in the page's language.
fn bare(language: &str, code: &str) -> String {
    let comment = match language.split(',').next().unwrap() {
        "rust" | "ts" => "//",
        "toml" | "sh" | "python" => "#",
        // What programs print.
        _ => return String::new(),
    };
    let line = |line: &str| {
        let mut parts: Vec<&str> = line.split('"').collect();
        let is_comment = |(at, part): &(usize, &str)| {
            at % 2 == 0
                && part.split_once(comment).is_some_and(|(before, _)| {
                    comment == "//" || before.is_empty() || before.ends_with(char::is_whitespace)
                })
        };
        if let Some((at, part)) = parts.iter().copied().enumerate().find(is_comment) {
            parts.truncate(at);
            parts.push(part.split_once(comment).unwrap().0);
        }
        parts.into_iter().step_by(2).collect::<Vec<_>>().join("\"").trim_end().to_owned()
    };
    code.lines().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_page_has_a_twin_with_the_same_code() {
    let pages = pages();
    let by_name: BTreeMap<&str, &Page> = pages.iter().map(|page| (page.name.as_str(), page)).collect();
    for page in &pages {
        let stem = page.name.strip_suffix(CHINESE).or(page.name.strip_suffix(".md")).unwrap();
        let english = format!("{stem}.md");
        if ENGLISH_ONLY.contains(&english.as_str()) {
            continue;
        }
        let twins = [english, format!("{stem}{CHINESE}")];
        let [english, chinese] =
            twins.map(|name| *by_name.get(name.as_str()).unwrap_or_else(|| panic!("{name} is missing")));
        let [ours, theirs] = [english, chinese].map(|page| blocks(&page.text));
        let languages = |blocks: &[(&str, &str)]| {
            blocks.iter().map(|(language, _)| (*language).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(languages(&ours), languages(&theirs), "{stem}");
        for ((language, ours), (_, theirs)) in ours.into_iter().zip(theirs) {
            assert_eq!(bare(language, ours), bare(language, theirs), "{stem}");
        }
        for (page, twin) in [(english, chinese), (chinese, english)] {
            let file = twin.name.rsplit('/').next().unwrap();
            let head = page.text.lines().take(3).collect::<String>();
            assert!(
                head.contains(&format!("]({file})")),
                "{} does not lead to its twin at its head",
                page.name
            );
        }
    }
}

/// Where the links of a page lead, those to other sites left out.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|prose| prose.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// The names that a page's headings have as targets, as the forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let headings =
        prose.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    let names = headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>());
    names.map(|name| name.replace(' ', "-")).collect()
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let mut count = 0;
    for page in pages() {
        let folder = root().join(&page.name).parent().unwrap().to_owned();
        for link in links(&page.text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() { root().join(&page.name) } else { folder.join(file) };
            assert!(path.exists(), "{}: there is no {link}", page.name);
            if !anchor.is_empty() {
                let anchors = anchors(&fs::read_to_string(&path).unwrap());
                assert!(anchors.contains(anchor), "{}: {link} is none of {anchors:?}", page.name);
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count} links");
}

#[test]
fn a_page_leads_to_pages_of_its_own_language() {
    for page in pages() {
        let folder = root().join(&page.name).parent().unwrap().to_owned();
        let file = page.name.rsplit('/').next().unwrap();
        let is_chinese = file.ends_with(CHINESE);
        let stem = file.strip_suffix(CHINESE).or(file.strip_suffix(".md")).unwrap();
        let twin = if is_chinese { format!("{stem}.md") } else { format!("{stem}{CHINESE}") };
        for link in links(&page.text) {
            let to = link.split('#').next().unwrap();
            let Some(to_stem) = to.strip_suffix(".md").filter(|_| to != twin) else { continue };
            let wrong = match (is_chinese, to.ends_with(CHINESE)) {
                (true, false) => folder.join(format!("{to_stem}{CHINESE}")).exists(),
                (false, to_chinese) => to_chinese,
                (true, true) => false,
            };
            assert!(!wrong, "{}: {link}", page.name);
        }
    }
}

#[test]
fn the_index_names_every_page_once_in_the_same_order() {
    let index = |name: &str| {
        let text = fs::read_to_string(root().join("docs").join(name)).unwrap();
        let files: Vec<String> =
            links(&text).into_iter().skip(1).map(|link| link.replace(CHINESE, ".md")).collect();
        files
    };
    let english = index("README.md");
    assert_eq!(english, index("README.zh-CN.md"));
    let mut named = english.clone();
    named.sort();
    let mut there: Vec<String> = pages()
        .iter()
        .filter_map(|page| page.name.strip_prefix("docs/"))
        .filter(|name| !name.ends_with(CHINESE) && *name != "README.md")
        .map(str::to_owned)
        .collect();
    there.sort();
    assert_eq!(named, there);
}

#[test]
fn all_rust_in_the_book_is_compiled() {
    let compiled = fs::read_to_string(root().join("plugin-sdk/src/lib.rs")).unwrap();
    for page in pages() {
        let rust = blocks(&page.text).into_iter().filter(|(language, _)| language.starts_with("rust"));
        let languages: Vec<&str> = rust.map(|(language, _)| language).collect();
        let included = compiled.contains(&format!("include_str!(\"../../{}\")", page.name));
        assert_eq!(included, !languages.is_empty(), "{}: the list in plugin-sdk/src/lib.rs", page.name);
        assert!(languages.iter().all(|language| !language.contains("ignore")), "{}", page.name);
    }
}

#[test]
fn the_rules_by_which_pages_are_read() {
    let code = "let a = \"hi // there\"; // words\n// only\nlet b = 'x';\n";
    assert_eq!(bare("rust", code), "let a = \";\nlet b = 'x';");
    assert_eq!(bare("toml", "a = \"#1\"  # why\n# b\n[c]\n"), "a = \"\n[c]");
    assert_eq!(bare("text", "anything"), "");
    assert_eq!(links("[a](b.md#c) `x` [d](https://e) ```\n[f](g)\n``` [h](#i)"), ["b.md#c", "#i"]);
    let names = ["who-may", "谁能用", "help", "on-and-off-in-a-chat"].map(str::to_owned);
    assert_eq!(
        anchors("# Who may\n## 谁能用\n## /help\n### On and off, in a chat?\n"),
        BTreeSet::from(names)
    );
}
