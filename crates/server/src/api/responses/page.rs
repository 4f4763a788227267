//! Reads the query of a list: `limit`, `order`, `after`.

use transom_core::failure::Failure;
use transom_core::port::store::{Order, PageQuery};
use transom_wire::responses::request::check_include;

/// Items on a page when nobody says.
const USUAL_LIMIT: u32 = 20;

/// Most items on a page.
const MOST: u32 = 100;

/// Reads a query string. Unknown parameters are ignored: programs may add their own. What `include`
/// could add to an item is always there.
pub(in crate::api) fn parse(query: &str) -> Result<PageQuery, Failure> {
    let mut page = PageQuery { limit: USUAL_LIMIT, order: Order::Descending, after: None };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "limit" => page.limit = limit(&value)?,
            "order" => page.order = order(&value)?,
            "after" => page.after = Some(value.into_owned()),
            "include" | "include[]" => check_include(&value)?,
            _ => {}
        }
    }
    Ok(page)
}

/// Reads the query of a single item, in which only `include` means something.
pub(in crate::api) fn check(query: Option<&str>) -> Result<(), Failure> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, _)| matches!(&**name, "include" | "include[]"))
        .try_for_each(|(_, value)| check_include(&value))
}

fn limit(value: &str) -> Result<u32, Failure> {
    value.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
        let message = format!("`limit` must be a whole number from 1 to {MOST}.");
        Failure::invalid("limit", "invalid_value", message)
    })
}

fn order(value: &str) -> Result<Order, Failure> {
    match value {
        "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        _ => {
            let message = "`order` must be `asc` or `desc`.".to_owned();
            Err(Failure::invalid("order", "invalid_value", message))
        }
    }
}
