//! What the program offers: the specification and the catalog.

use crate::program::{Files, run};

#[test]
fn spec_needs_no_config_and_marks_the_secrets() {
    let output = run("spec", &[]);
    assert_eq!((output.code, output.lines.len()), (Some(0), 1));
    let credentials =
        &output.lines[0]["spec"]["connectionSpecification"]["properties"]["credentials"]["properties"];
    for secret in ["client_id", "client_secret", "refresh_token"] {
        assert_eq!(credentials[secret]["airbyte_secret"], true, "{secret}");
    }
}

#[test]
fn discover_makes_no_request_and_offers_every_stream_with_its_keys_and_modes() {
    let files = Files::new();
    let output = run("discover", &[("--config", &files.config())]);
    assert_eq!(output.code, Some(0), "{:?}", output.lines);
    let streams = output.lines[0]["catalog"]["streams"].as_array().unwrap().clone();
    let of_mode = |incremental: bool| -> Vec<_> {
        let streams = streams.iter().filter(|stream| stream["is_resumable"] == incremental);
        streams.map(|stream| stream["name"].as_str().unwrap()).collect()
    };
    assert_eq!(of_mode(true), ["campaigns", "ad_groups", "ads"]);
    assert_eq!(
        of_mode(false),
        [
            "boards",
            "catalogs",
            "catalogs_feeds",
            "catalogs_product_groups",
            "ad_accounts",
            "board_sections",
            "board_pins",
            "board_section_pins",
            "audiences",
            "keywords",
            "conversion_tags",
            "customer_lists"
        ]
    );
    for stream in &streams {
        assert_eq!(stream["source_defined_primary_key"], serde_json::json!([["id"]]));
        assert_eq!(
            stream["source_defined_cursor"].as_bool(),
            stream["is_resumable"].as_bool().filter(|yes| *yes)
        );
    }
}
