//! Long texts of the host, on pages of sane length.

/// Characters of one message. QQ cuts at some thousands; phones show about this much.
pub(super) const PAGE: usize = 1500;
/// Lines of one message: what is read without losing patience.
pub(super) const LINES: usize = 24;

/// What stays together as long as a page holds it.
pub(super) struct Block {
    pub head: String,
    pub lines: Vec<String>,
}

/// A text on pages of sane length.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::to_owned);
    pages(vec![Block { head: lines.next().unwrap_or_default(), lines: lines.collect() }])
}

/// Blocks parted by empty lines, on pages of sane length. One that goes on to the next page says its head again.
pub(super) fn pages(blocks: Vec<Block>) -> Vec<String> {
    let mut pages = Vec::new();
    let mut page = Page::default();
    for Block { head, lines } in blocks {
        let head: Vec<&str> = head.lines().collect();
        let (head, lines) = (cut(&head), cut(&lines));
        let begins = lines.iter().take(1).chain(&head);
        if !page.is_empty() && !page.fits(begins, 1) {
            pages.push(page.take());
        }
        page.part();
        page.push_all(&head, &mut pages);
        for line in lines {
            if !page.fits([&line], 0) {
                pages.push(page.take());
                page.push_all(&head[..head.len().min(1)], &mut pages);
            }
            page.push(&line);
        }
    }
    pages.push(page.take());
    pages
}

#[derive(Default)]
struct Page {
    text: String,
    lines: usize,
    characters: usize,
}

impl Page {
    fn is_empty(&self) -> bool {
        self.lines == 0
    }

    fn fits<'l>(&self, lines: impl IntoIterator<Item = &'l String>, more: usize) -> bool {
        let (mut count, mut characters) = (self.lines + more, self.characters + more);
        for line in lines {
            count += 1;
            characters += line.chars().count() + 1;
        }
        count <= LINES && characters <= PAGE
    }

    fn part(&mut self) {
        if !self.is_empty() {
            self.push("");
        }
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
        self.characters += line.chars().count() + 1;
    }

    fn push_all(&mut self, lines: &[String], pages: &mut Vec<String>) {
        for line in lines {
            if !self.fits([line], 0) {
                pages.push(self.take());
            }
            self.push(line);
        }
    }

    fn take(&mut self) -> String {
        std::mem::take(self).text.trim_matches('\n').to_owned()
    }
}

/// Lines that leave room for others on their page.
pub(super) fn cut(lines: &[impl AsRef<str>]) -> Vec<String> {
    let most = PAGE / 3;
    let cut = |line: &str| match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    lines.iter().map(|line| cut(line.as_ref())).collect()
}
