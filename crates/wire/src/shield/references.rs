//! References that lead back to themselves.
//!
//! A schema may be recursive through `properties` or `items`: every step consumes a piece of the
//! value. A `$ref` that comes back to itself for the very same value never ends.

use std::collections::HashMap;

use super::outline::{Node, Outline};

/// Whether some `$ref` comes back to itself without a step into the value. References to other
/// documents and to anchors are not followed.
pub(super) fn is_circular(outline: &Outline) -> bool {
    let nodes = &outline.nodes;
    if nodes.iter().all(|node| node.reference.is_none()) {
        return false;
    }
    let edges = edges(nodes);
    let mut marks = vec![Mark::New; nodes.len()];
    (0..nodes.len()).any(|node| reaches_itself(node, &edges, &mut marks))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Closed,
}

/// A depth-first walk with its own stack: each entry is a node and its next edge.
fn reaches_itself(start: usize, edges: &[Vec<usize>], marks: &mut [Mark]) -> bool {
    if marks[start] != Mark::New {
        return false;
    }
    marks[start] = Mark::Open;
    let mut stack = vec![(start, 0)];
    while let Some((node, edge)) = stack.last_mut() {
        let Some(&target) = edges[*node].get(*edge) else {
            marks[*node] = Mark::Closed;
            stack.pop();
            continue;
        };
        *edge += 1;
        match marks[target] {
            Mark::Open => return true,
            Mark::Closed => {}
            Mark::New => {
                marks[target] = Mark::Open;
                stack.push((target, 0));
            }
        }
    }
    false
}

fn edges(nodes: &[Node]) -> Vec<Vec<usize>> {
    let mut edges = vec![Vec::new(); nodes.len()];
    let mut places = HashMap::with_capacity(nodes.len());
    // A parent comes before its children, so its pointer is known when theirs are made.
    let mut pointers: Vec<String> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let pointer = node.parent.map_or(String::new(), |parent| {
            if node.same_value {
                edges[parent].push(index);
            }
            format!("{}/{}", pointers[parent], node.name.replace('~', "~0").replace('/', "~1"))
        });
        places.insert(pointer.clone(), index);
        pointers.push(pointer);
    }
    for (index, node) in nodes.iter().enumerate() {
        let pointer = node.reference.as_deref().and_then(|target| target.strip_prefix('#'));
        edges[index].extend(pointer.and_then(|pointer| places.get(pointer)));
    }
    edges
}
