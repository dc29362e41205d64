//! What may happen to a file in the plugin folder.

use std::time::Duration;

use iglu_tests::{
    fixtures::{Fixture, bad_files, version},
    folder::Folder,
    host::{Host, Line, iglu_with},
    napcat::{FRIEND, Napcat},
};

use crate::common::{QUIET, ask, house, napcat, said, settled, up};

fn counter(number: u16) -> Vec<u8> {
    Fixture::load("counter").id(1).version(number).bytes()
}

/// A house with version 1 of the counter in `a.wasm`, and echo.
async fn counting() -> (Napcat, Folder, Host) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["echo"], "");
    folder.put("a.wasm", &counter(1));
    let host = up(&napcat, &folder).await;
    for plugin in ["echo", "fixture-0001"] {
        host.says(plugin, |line| line.is(plugin, "running")).await;
    }
    (napcat, folder, host)
}

/// The counter's answers; echo's are left out.
async fn count(napcat: &Napcat, text: &str) -> String {
    napcat.private_text(FRIEND, text);
    let end = format!(":{text}");
    napcat.next_call_where("of the counter", move |call| call.text().ends_with(&end)).await.text()
}

async fn has_taken_over(host: &Host, mark: usize, number: u16) {
    let wanted = version(number);
    let is_it = |line: &Line| line.text().contains("has taken over") && line.field("version") == wanted;
    host.says_after(mark, &format!("that {wanted} has taken over"), is_it).await;
}

#[tokio::test]
async fn a_renamed_plugin_goes_on_with_its_state() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    let mark = host.mark();
    folder.rename("a.wasm", "b.wasm");
    tokio::time::sleep(QUIET).await;
    assert_eq!(count(&napcat, "two").await, "0.0.1001:2:two");
    assert!(
        !host.lines_after(mark).iter().any(|line| line.text().contains("has ended")),
        "{}",
        host.report()
    );
    // The new name is the plugin's file now.
    folder.put("b.wasm", &counter(2));
    has_taken_over(&host, mark, 2).await;
    assert_eq!(count(&napcat, "three").await, "0.0.1002:3:three");
    host.stop().await;
}

#[tokio::test]
async fn a_touch_and_the_same_bytes_are_no_change() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    let mark = host.mark();
    folder.touch("a.wasm");
    tokio::time::sleep(QUIET).await;
    folder.put("a.wasm", &counter(1));
    tokio::time::sleep(QUIET).await;
    folder.overwrite("a.wasm", &counter(1));
    tokio::time::sleep(QUIET).await;
    assert_eq!(host.lines_after(mark).len(), 0, "{}", host.report());
    assert_eq!(count(&napcat, "two").await, "0.0.1001:2:two");
    host.stop().await;
}

#[tokio::test]
async fn a_deleted_plugin_ends_and_a_new_file_begins_it_anew() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    folder.delete("a.wasm");
    host.says("the end", |line| line.is("fixture-0001", "is gone; the plugin has ended")).await;
    napcat.forget_calls();
    napcat.private_text(FRIEND, "nobody hears this");
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 1, "{:?}", said(&napcat));
    let mark = host.mark();
    folder.put("a.wasm", &counter(2));
    host.says_after(mark, "the beginning", |line| line.is("fixture-0001", "running")).await;
    assert_eq!(count(&napcat, "two").await, "0.0.1002:1:two");
    host.stop().await;
}

#[tokio::test]
async fn deleting_and_writing_anew_at_once_is_a_swap() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    let mark = host.mark();
    folder.delete("a.wasm");
    folder.overwrite("a.wasm", &counter(2));
    has_taken_over(&host, mark, 2).await;
    assert_eq!(count(&napcat, "two").await, "0.0.1002:2:two");
    host.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_is_what_it_points_to() {
    let (napcat, folder, host) = counting().await;
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    for number in [4, 5] {
        std::fs::write(
            folder.path().join(format!("elsewhere/{number}.wasm")),
            Fixture::load("counter").id(2).version(number).bytes(),
        )
        .unwrap();
    }
    let link = |number: u16| {
        let target = folder.path().join(format!("elsewhere/{number}.wasm"));
        let (new, place) = (folder.path().join("new-link"), folder.plugins().join("link.wasm"));
        std::os::unix::fs::symlink(target, &new).unwrap();
        std::fs::rename(new, place).unwrap();
    };
    link(4);
    host.says("the linked plugin", |line| line.is("fixture-0002", "running")).await;
    let mark = host.mark();
    link(5);
    has_taken_over(&host, mark, 5).await;
    // The target changes, the folder itself does not: the rescan finds it.
    let mark = host.mark();
    let target = folder.path().join("elsewhere/5.wasm");
    std::fs::write(target, Fixture::load("counter").id(2).version(6).bytes()).unwrap();
    has_taken_over(&host, mark, 6).await;
    // A link to nothing is no plugin.
    std::fs::remove_file(folder.path().join("elsewhere/5.wasm")).unwrap();
    host.says_after(mark, "the end", |line| line.is("fixture-0002", "is gone")).await;
    napcat.forget_calls();
    assert!(count(&napcat, "who is there?").await.starts_with("0.0.1001:"));
    settled(&napcat).await;
    assert_eq!(said(&napcat).iter().filter(|text| text.ends_with("who is there?")).count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_second_file_with_one_id_is_refused_and_takes_over_when_the_first_goes() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    let mark = host.mark();
    folder.put("copy.wasm", &counter(2));
    let refused = host.says_after(mark, "the refusal", |line| line.text().contains("and so does")).await;
    assert!(refused.text().contains("\"fixture-0001\""), "{refused:?}");
    assert!(refused.text().contains("a.wasm") && refused.field("file").ends_with("copy.wasm"), "{refused:?}");
    assert_eq!(count(&napcat, "two").await, "0.0.1001:2:two");
    folder.delete("a.wasm");
    let is_new = |line: &Line| line.is("fixture-0001", "running") && line.field("version") == version(2);
    host.says_after(mark, "that the copy takes over", is_new).await;
    let counted = count(&napcat, "three").await;
    assert!(counted.starts_with("0.0.1002:"), "{counted}");
    host.stop().await;
}

#[tokio::test]
async fn a_file_that_holds_another_plugin_now_ends_the_one_before() {
    let (napcat, folder, host) = counting().await;
    folder.put("a.wasm", &Fixture::load("counter").id(2).version(9).bytes());
    host.says("the other plugin", |line| line.is("fixture-0002", "running")).await;
    assert_eq!(count(&napcat, "one").await, "0.0.1009:1:one");
    settled(&napcat).await;
    assert_eq!(said(&napcat).iter().filter(|text| text.ends_with(":one")).count(), 1, "{:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn a_slow_copy_is_read_when_it_is_whole() {
    let (napcat, folder, host) = counting().await;
    let mark = host.mark();
    // Each pause is shorter than the time that a file must be at rest, all together are far longer.
    folder.write_slowly("a.wasm", &counter(2), 20, Duration::from_millis(20)).await;
    has_taken_over(&host, mark, 2).await;
    // Pauses longer than that: halves are read, refused, and do no harm.
    let mark = host.mark();
    folder.write_slowly("a.wasm", &counter(3), 3, Duration::from_millis(400)).await;
    has_taken_over(&host, mark, 3).await;
    let refusals: Vec<Line> = host
        .lines_after(mark)
        .into_iter()
        .filter(|line| line.text().contains("not a plugin that can run"))
        .collect();
    assert!(!refusals.is_empty() && refusals.len() <= 3, "{}", host.report());
    assert_eq!(count(&napcat, "one").await, "0.0.1003:1:one");
    host.stop().await;
}

#[tokio::test]
async fn each_kind_of_bad_file_has_its_reason_and_harms_nobody() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["echo"], "");
    for (number, bad) in bad_files(1).into_iter().enumerate() {
        folder.put(&format!("bad-{number}.wasm"), &bad.bytes);
    }
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    for (number, bad) in bad_files(1).into_iter().enumerate() {
        let file = format!("bad-{number}.wasm");
        let refused = |line: &Line| line.field("file").ends_with(&file) && line.text().contains(bad.reason);
        let line = host.says(&format!("{:?} about {}", bad.reason, bad.name), refused).await;
        assert_eq!(line.level(), "ERROR", "{line:?}");
        let times = host.lines().iter().filter(|line| line.field("file").ends_with(&file)).count();
        assert_eq!(times, 1, "{} is told once\n{}", bad.name, host.report());
    }
    host.stop().await;
}

#[tokio::test]
async fn inspect_tells_of_a_good_file_and_refuses_each_bad_one() {
    let folder = Folder::new();
    folder.put("good.wasm", &Fixture::load("probe").id(12).bytes());
    let path = folder.plugins().join("good.wasm");
    let told = iglu_with(&["inspect", path.to_str().unwrap()], "").await;
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{text}");
    for part in
        ["fixture-0012", "0.1.0", "send: to write to anybody", "call:get_*: to ask NapCat", "/later, /稍后"]
    {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    for bad in bad_files(2) {
        folder.put("bad.wasm", &bad.bytes);
        let path = folder.plugins().join("bad.wasm");
        let told = iglu_with(&["inspect", path.to_str().unwrap()], "").await;
        let text = String::from_utf8(told.stderr).unwrap();
        assert!(!told.status.success(), "{}: {text}", bad.name);
        assert!(text.contains(bad.reason) && text.contains("bad.wasm"), "{}: {text}", bad.name);
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_or_not_there_is_told_and_not_read() {
    let (_napcat, folder, host) = counting().await;
    let huge = folder.path().join("huge");
    // It takes no room on the disk.
    std::fs::File::create(&huge).unwrap().set_len((256 << 20) + 1).unwrap();
    let before = host.resident();
    std::fs::rename(huge, folder.plugins().join("huge.wasm")).unwrap();
    let reason = "the file has 268435457 bytes; 268435456 are allowed";
    host.says("its size", |line| line.text().contains(reason)).await;
    assert!(host.resident() < before + (64 << 20), "it was read");
    for (name, reason) in [("huge.wasm", reason), ("none.wasm", "No such file or directory")] {
        let told = iglu_with(&["inspect", folder.plugins().join(name).to_str().unwrap()], "").await;
        let text = String::from_utf8(told.stderr).unwrap();
        assert!(!told.status.success() && text.contains(reason) && text.contains(name), "{text}");
    }
    host.stop().await;
}

#[tokio::test]
async fn other_files_in_the_folder_are_left_alone() {
    let (napcat, folder, host) = counting().await;
    let mark = host.mark();
    folder.overwrite("README.md", b"not for iglu");
    folder.overwrite(".hidden.wasm", b"an editor's own");
    folder.overwrite("b.wasm.part", b"a download");
    std::fs::create_dir(folder.plugins().join("folder.wasm")).unwrap();
    tokio::time::sleep(QUIET).await;
    assert_eq!(host.lines_after(mark).len(), 0, "{}", host.report());
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    host.stop().await;
}

#[tokio::test]
async fn the_folder_itself_may_go_and_come_back() {
    let (napcat, folder, host) = counting().await;
    let mark = host.mark();
    std::fs::rename(folder.plugins(), folder.path().join("away")).unwrap();
    host.says_after(mark, "the end", |line| line.is("fixture-0001", "is gone")).await;
    let mark = host.mark();
    std::fs::rename(folder.path().join("away"), folder.plugins()).unwrap();
    host.says_after(mark, "the beginning", |line| line.is("fixture-0001", "running")).await;
    host.says_after(mark, "the beginning of echo", |line| line.is("echo", "running")).await;
    let counted = count(&napcat, "one").await;
    assert!(counted.ends_with(":one"), "{counted}");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_that_is_not_enabled_does_not_run() {
    let (napcat, _folder, host) = house(&["echo", "dice"], "[plugin.dice]\nenabled = false\n").await;
    napcat.private_text(FRIEND, "/dice");
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    assert!(host.lines().iter().any(|line| line.is("dice", "not enabled in iglu.toml")));
    host.stop().await;
}

#[tokio::test]
async fn of_many_quick_replacements_the_last_one_stays() {
    let (napcat, folder, host) = counting().await;
    assert_eq!(count(&napcat, "one").await, "0.0.1001:1:one");
    let mark = host.mark();
    for number in 2..=40 {
        folder.put("a.wasm", &counter(number));
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..80))).await;
    }
    has_taken_over(&host, mark, 40).await;
    assert_eq!(count(&napcat, "two").await, "0.0.1040:2:two");
    tokio::time::sleep(QUIET).await;
    assert_eq!(count(&napcat, "three").await, "0.0.1040:3:three", "and no earlier one comes after it");
    host.stop().await;
}

#[tokio::test]
async fn going_back_to_the_old_file_is_a_swap_like_any_other() {
    let (napcat, folder, host) = counting().await;
    for (number, n) in [(2, 1), (1, 2), (2, 3), (1, 4)] {
        let mark = host.mark();
        folder.put("a.wasm", &counter(number));
        has_taken_over(&host, mark, number).await;
        assert_eq!(count(&napcat, "x").await, format!("{}:{n}:x", version(number)));
    }
    host.stop().await;
}
