//! Texts, among them all that breaks careless programs: quotes, line breaks, every script, a text of several kilobytes.

use super::random::Random;

const WORDS: &[&str] = &[
    "Autumn",
    "Küche",
    "vélo",
    "日本の庭",
    "عطلة",
    "שולחן",
    "🍂",
    "Sofa",
    "DIY",
    "new",
    "Größe",
    "ñandú",
    "Ирис",
    "पतंग",
    "\"quoted\"",
    "back\\slash",
    "<b>&amp;</b>",
    "tab\there",
    "👩‍👩‍👧",
    "e\u{301}",
    "Sale",
    "2026",
];

/// Up to so many words.
pub(super) fn text(random: &mut Random, most: u64) -> String {
    let count = 1 + random.below(most);
    let words: Vec<&str> = (0..count).map(|_| random.pick(WORDS)).collect();
    words.join(" ")
}

/// A text that may be missing, empty, of several lines, or long.
pub(super) fn description(random: &mut Random) -> Option<String> {
    match random.below(8) {
        0 => None,
        1 => Some(String::new()),
        2 => Some(format!("{}\n{}\r\n\u{2028}end", text(random, 6), text(random, 6))),
        3 => Some(text(random, 300)),
        _ => Some(text(random, 20)),
    }
}

/// An address.
pub(super) fn link(random: &mut Random) -> String {
    format!("https://shop.example/items/{}?utm_source=pins&size=%C3%BC", random.below(1_000_000))
}
