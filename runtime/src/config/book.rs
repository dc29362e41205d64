//! The pieces of `iglu.toml` in the book and the READMEs are right.

use std::fs;
use std::path::{Path, PathBuf};

use super::Config;

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [root.clone(), root.join("docs")].map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.into_iter().flatten().map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("toml\n"))
}

/// The tables that a block has as comments: what else could be written.
fn commented(block: &str) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    let mut inside = false;
    for line in block.lines() {
        let line = line.strip_prefix("# ").filter(|line| line.starts_with('[') || line.contains(" = "));
        inside = line.is_some_and(|line| inside || line.starts_with("[["));
        match line.filter(|_| inside) {
            Some(line) if line.starts_with("[[") => tables.push(format!("{line}\n")),
            Some(line) => {
                let table = tables.last_mut().unwrap();
                table.push_str(line);
                table.push('\n');
            }
            None => {}
        }
    }
    tables
}

/// Reads them in a folder that has the files which they name.
fn read(folder: &Path, text: &str) -> Result<Config, String> {
    Config::parse(text, &folder.join("iglu.toml")).map_err(|errors| errors.to_string())
}

#[test]
fn every_piece_of_iglu_toml_in_the_book_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["fullchain.pem", "privkey.pem"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    let read = |text: &str| read(folder.path(), text);
    let (mut pieces, mut tables) = (0, 0);
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let mut before: Vec<&str> = Vec::new();
        for block in blocks(&text) {
            // What begins without a table goes on with one of those before it: "then add ..."
            let added = before.iter().any(|first| read(&format!("{first}\n{block}")).is_ok());
            if let (Err(reason), false) = (read(block), added) {
                panic!("{}: {reason}\n{block}", path.display());
            }
            // Those of the official platform are looked at more closely where `iglu init` is tested.
            for table in commented(block).iter().filter(|table| !table.contains("\"qq\"")) {
                read(table).unwrap_or_else(|reason| panic!("{}: {reason}\n{table}", path.display()));
                tables += 1;
            }
            before.push(block);
            pieces += 1;
        }
    }
    assert!(pieces > 20 && tables > 5, "{pieces} pieces and {tables} tables were found");
}
