//! Whether a granted permission covers a wanted one.

/// `call:` patterns may have `*`; an `http:` origin covers every address of that origin; the rest is equal or not.
pub(super) fn covers(granted: &str, wanted: &str) -> bool {
    if let (Some(pattern), Some(action)) = (granted.strip_prefix("call:"), wanted.strip_prefix("call:")) {
        return matches(pattern, action);
    }
    if let (Some(origin), Some(url)) = (granted.strip_prefix("http:"), wanted.strip_prefix("http:")) {
        if origin == "*" {
            return true;
        }
        let rest = url.strip_prefix(origin.trim_end_matches('/'));
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    }
    granted == wanted
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_grant_covers_what_it_names_and_no_more() {
        for (granted, wanted, expected) in [
            ("send", "send", true),
            ("send", "recall", false),
            ("call:get_*", "call:get_status", true),
            ("call:get_*", "call:set_status", false),
            ("call:*_group_*", "call:set_group_ban", true),
            ("call:*", "send", false),
            ("http:https://a.com", "http:https://a.com/x?y", true),
            ("http:https://a.com", "http:https://a.com.evil.org/", false),
            ("http:https://a.com", "http:http://a.com/", false),
            ("http:*", "http:http://a.com/", true),
            ("http:*", "send", false),
        ] {
            assert_eq!(covers(granted, wanted), expected, "{granted} {wanted}");
        }
    }
}
