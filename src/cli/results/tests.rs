//! Tests of the folder of results, replacements that are cut off included.

use super::*;

/// Some files of results.
fn files(names: &[&str]) -> Vec<File> {
    names.iter().map(|name| File::new(*name, format!("the content of {name}"))).collect()
}

/// A place with results of these names in its folder `out`.
fn place(names: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let results = Results::claim(&out).expect("there is nothing yet");
    results.replace(&files(names), &|| false).expect("written");
    (place, out)
}

/// Every file below a folder, in order.
fn below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in output::files_in(&next).expect("a folder") {
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).expect("below it");
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn refusal(folder: &Path) -> String {
    Results::claim(folder).err().expect("it is refused").to_string()
}

#[test]
fn results_are_replaced_as_a_whole() {
    let (place, out) = place(&["a.txt", "charts/one.svg", "charts/two.svg"]);
    std::fs::create_dir(out.join("counterexamples")).expect("a folder");
    std::fs::write(out.join("counterexamples/x.toml"), "found").expect("written");
    let results = Results::claim(&out).expect("it is driftlab's");
    results.replace(&files(&["a.txt", "charts/one.svg"]), &|| false).expect("written");
    let expected = ["a.txt", "charts/one.svg", "counterexamples/x.toml", MANIFEST];
    assert_eq!(below(&out), expected, "no chart of an earlier comparison stays");
    assert_eq!(output::files_in(place.path()).expect("a folder").len(), 1, "nothing is beside it");
}

#[test]
fn writing_that_is_cut_off_leaves_the_results_as_they_were() {
    let (place, out) = place(&["a.txt", "b.txt"]);
    let results = Results::claim(&out).expect("it is driftlab's");
    let asked = std::cell::Cell::new(0);
    let cut = || asked.replace(asked.get() + 1) == 1;
    results.replace(&files(&["a.txt", "c.txt", "d.txt"]), &cut).expect_err("it is cut off");
    assert_eq!(asked.get(), 2, "nothing is written behind it");
    assert_eq!(below(&out), ["a.txt", "b.txt", MANIFEST]);
    assert_eq!(output::files_in(place.path()).expect("a folder").len(), 1, "nothing is beside it");
}

#[test]
fn whatever_is_not_driftlabs_is_refused_and_stays() {
    let user = tempfile::tempdir().expect("a folder");
    std::fs::write(user.path().join("README.md"), "mine").expect("written");
    let refused = refusal(user.path());
    assert!(refused.contains("README.md` is not driftlab's"), "{refused}");
    assert!(refusal(Path::new("/")).contains("is not driftlab's"));
    assert_eq!(below(user.path()), ["README.md"]);

    let (_place, out) = place(&["a.txt", "charts/one.svg"]);
    std::fs::write(out.join("charts/mine.svg"), "mine").expect("written");
    assert!(refusal(&out).contains("charts/mine.svg` is not driftlab's"));
    std::fs::remove_file(out.join("charts/mine.svg")).expect("removed");
    std::fs::create_dir(out.join("mine")).expect("a folder");
    assert!(refusal(&out).contains("out/mine` is not driftlab's"), "an empty folder as well");
    std::fs::remove_dir(out.join("mine")).expect("removed");
    std::fs::write(out.join("a.txt"), "annotated").expect("written");
    assert!(refusal(&out).contains("a.txt` was changed since driftlab wrote it"));
}

#[test]
fn what_comes_while_the_runs_are_made_is_not_lost() {
    let (_place, out) = place(&["a.txt"]);
    let results = Results::claim(&out).expect("it is driftlab's");
    std::fs::write(out.join("notes.txt"), "mine").expect("written");
    let refused = results.replace(&files(&["b.txt"]), &|| false).expect_err("refused").to_string();
    assert!(refused.contains("notes.txt"), "{refused}");
    assert_eq!(below(&out), ["a.txt", MANIFEST, "notes.txt"]);
}

#[test]
fn a_folder_that_cannot_be_moved_is_refused_before_any_work() {
    let out = tempfile::tempdir().expect("a folder");
    let results = Results { folder: std::env::current_dir().expect("a current folder") };
    let refused = results.check_movable(Path::new(".")).expect_err("refused").to_string();
    assert!(refused.contains("`.` is the current folder"), "{refused}");
    Results::claim(out.path()).expect("an empty folder is free");
    assert!(refusal(Path::new("/proc")).contains("not driftlab's"));
}

/// Whatever a kill leaves behind, the next start finds the old results or the new ones.
#[test]
fn a_replacement_that_was_cut_off_is_put_right() {
    let prepared = || {
        let (place, out) = place(&["old.txt"]);
        std::fs::create_dir(out.join("counterexamples")).expect("a folder");
        std::fs::write(out.join("counterexamples/x.toml"), "found").expect("written");
        let results = Results::claim(&out).expect("it is driftlab's");
        (place, results)
    };
    let old = ["counterexamples/x.toml", MANIFEST, "old.txt"];
    let new = ["counterexamples/x.toml", MANIFEST, "new.txt"];
    type Kill = fn(&Results);
    let cut_off: [(&str, Kill, _); 4] = [
        ("while it was written", |_| (), old),
        (
            "between aside and in",
            |results| std::fs::rename(&results.folder, results.aside("old")).expect("moved"),
            old,
        ),
        (
            "before what is kept was moved",
            |results| {
                std::fs::rename(&results.folder, results.aside("old")).expect("moved");
                std::fs::rename(results.aside("new"), &results.folder).expect("moved");
            },
            new,
        ),
        (
            "while the old ones were removed",
            |results| {
                std::fs::rename(&results.folder, results.aside("old")).expect("moved");
                std::fs::rename(results.aside("new"), &results.folder).expect("moved");
                carry_kept(&results.aside("old"), &results.folder);
                std::fs::remove_file(results.aside("old").join("old.txt")).expect("removed");
            },
            new,
        ),
    ];
    for (when, cut, expected) in cut_off {
        let (place, results) = prepared();
        results.write(&results.aside("new"), &files(&["new.txt"]), &|| false).expect("written");
        cut(&results);
        if expected == old {
            // The last file was written in part only.
            std::fs::write(results.aside("new").join("new.txt"), "the con").expect("written");
        }
        Results::claim(&results.folder).expect("it is driftlab's");
        assert_eq!(below(&results.folder), expected, "{when}");
        assert_eq!(output::files_in(place.path()).expect("a folder").len(), 1, "{when}");
    }
}

#[test]
fn what_only_looks_like_a_leftover_is_not_touched() {
    let (place, out) = place(&["a.txt"]);
    for name in [".out.old", ".out.new"] {
        std::fs::create_dir(place.path().join(name)).expect("a folder");
        std::fs::write(place.path().join(name).join("mine"), "precious").expect("written");
    }
    assert!(refusal(&out).contains(".out.new` is not driftlab's"), "its place is taken");
    assert_eq!(
        below(place.path()),
        [".out.new/mine", ".out.old/mine", "out/a.txt", "out/driftlab.json"]
    );
}

/// A manifest that names what is not below its folder is nobody's.
#[test]
fn no_manifest_leads_out_of_its_folder() {
    let (place, out) = place(&["a.txt"]);
    std::fs::write(place.path().join("victim"), "precious").expect("written");
    let text = std::fs::read_to_string(out.join(MANIFEST)).expect("a manifest");
    std::fs::write(out.join(MANIFEST), text.replace("a.txt", "../victim")).expect("written");
    assert!(refusal(&out).contains("a.txt` is not driftlab's"));
    remove(&out);
    assert_eq!(below(place.path()), ["out/a.txt", "out/driftlab.json", "victim"]);
}
