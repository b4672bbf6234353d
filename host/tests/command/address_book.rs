//! The address book: adding, finding, changing and removing people and lists.

use crate::running::Data;

#[test]
fn people_are_added_resolved_changed_and_removed() {
    let data = Data::new();
    assert!(data.run(["ab", "containers"]).succeeds().stdout.contains("Personal Address Book"));
    data.run(["ab", "add", "Bill Lee", "bill.lee@example.org"]).succeeds();
    data.run(["ab", "add", "Bill Logan", "bill.logan@example.org", "--set", "comment=met in Paris"]).succeeds();
    data.run(["ab", "add", "Ann", "+49 30 1", "--type", "FAX"]).succeeds();
    data.run(["ab", "add", "bill lee", "BILL.LEE@example.org"]).refuses(&["bill lee", "already has an entry"]);
    data.run(["ab", "add", "Bill Lee", "bill.lee@example.org", "--replace"]).succeeds();
    let listed = data.run(["--json", "ab", "list"]).succeeds().json();
    let names: Vec<&str> = listed.iter().map(|row| row["PR_DISPLAY_NAME"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ann", "Bill Lee", "Bill Logan"]);
    assert_eq!(data.run(["--json", "ab", "list", "bill"]).succeeds().json().len(), 2);

    let found = data.run(["--json", "resolve", "logan", "ann", "x@y.z", "Jo[MSPEER:jo]"]).succeeds().json();
    assert_eq!(found[0]["address"], "bill.logan@example.org");
    assert_eq!((found[1]["type"].as_str(), found[1]["address"].as_str()), (Some("FAX"), Some("+49 30 1")));
    assert_eq!((found[2]["name"].as_str(), found[3]["type"].as_str()), (Some("x@y.z"), Some("MSPEER")));
    let id = found[0]["entry_id"].as_str().unwrap();

    data.run(["ab", "edit", id, "--name", "William Logan", "--unset", "comment"]).succeeds();
    let shown = &data.run(["--json", "ab", "show", "william"]).succeeds().json()[0];
    assert_eq!(shown["PR_DISPLAY_NAME"], "William Logan");
    assert!(shown.get("PR_COMMENT").is_none());
    data.run(["ab", "rm", "william", "ann"]).succeeds();
    assert_eq!(data.run(["--json", "ab", "list"]).succeeds().json().len(), 1);
    data.run(["check"]).succeeds();
}

#[test]
fn an_ambiguous_name_is_listed_with_its_addresses() {
    let data = Data::new();
    for (name, address) in [("Bill Lee", "lee@example.org"), ("Bill Logan", "logan@example.org")] {
        data.run(["ab", "add", name, address]).succeeds();
    }
    let answer = data.run(["resolve", "bill", "lee"]).refuses(&["More than one", "bill"]);
    for part in ["ambiguous", "lee@example.org", "logan@example.org", "found"] {
        assert!(answer.stdout.contains(part), "{part}: {}", answer.stdout);
    }
    let answer = data.run(["--json", "resolve", "bill"]);
    assert_eq!(answer.status, Some(1));
    let json = answer.json().remove(0);
    assert_eq!((json["result"].as_str(), json["candidates"].as_array().unwrap().len()), (Some("ambiguous"), 2));
    data.run(["resolve", "zoe"]).refuses(&["zoe"]);
    data.run(["ab", "rm", "bill"]).refuses(&["several", "lee@example.org"]);
    data.run(["ab", "show", "zoe"]).refuses(&["zoe"]);
    data.run(["ab", "add", "x", "y", "--set", "comment"]).refuses(&["PROPERTY=TEXT"]);
    data.run(["ab", "list", "--in", "nowhere"]).refuses(&["nowhere", "Personal Address Book"]);
}

#[test]
fn a_list_has_members_that_come_and_go() {
    let data = Data::new();
    data.run(["ab", "add", "Ann", "ann@example.org"]).succeeds();
    data.run(["ab", "add-list", "Team", "ann", "bob@example.org"]).succeeds();
    let members = |data: &Data| -> Vec<String> {
        let rows = data.run(["--json", "ab", "show", "team"]).succeeds().json();
        rows[1..].iter().map(|row| row["PR_DISPLAY_NAME"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(members(&data), ["Ann", "bob@example.org"]);
    data.run(["ab", "edit", "team", "--add-member", "Cy[FAX:1]", "--remove-member", "ann"]).succeeds();
    assert_eq!(members(&data), ["bob@example.org", "Cy"]);
    data.run(["ab", "edit", "team", "--remove-member", "ann"]).refuses(&["members"]);
    data.run(["ab", "edit", "ann", "--add-member", "x@y.z"]).refuses(&["no distribution list"]);
    assert!(data.run(["ab", "list"]).succeeds().stdout.contains("list"));
    data.run(["ab", "rm", "team"]).succeeds();
    assert_eq!(data.run(["--json", "ab", "list"]).succeeds().json().len(), 1, "the members' own entries stay");
    data.run(["check"]).succeeds();
}
