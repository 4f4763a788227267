//! One JSON Schema against the caps.

use transom_core::failure::Invalid;

use super::outline::{Outline, Place, Unfit, outline};
use super::{Inspection, invalid, references};

pub(super) fn check(
    text: &str,
    param: &str,
    place: Place,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    let caps = inspection.caps();
    let outline = read(text, place, caps.schema_depth, caps.schema_nodes)
        .map_err(|unfit| invalid(param, &unfit.to_string()))?;
    outline.patterns.iter().try_for_each(|pattern| inspection.regex(pattern, param))
}

fn read(text: &str, place: Place, max_depth: u32, max_nodes: usize) -> Result<Outline, Unfit> {
    let outline = outline(text, place, max_depth, max_nodes)?;
    if references::is_circular(&outline) { Err(Unfit::Circular) } else { Ok(outline) }
}
