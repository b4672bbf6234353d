//! The stored properties of one object.

use super::evaluate::Cell;

/// Cells by identifier. An object has a few dozen: their identifiers, sorted, lie together in memory, where one is found
/// without looking at the cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    ids: Vec<u16>,
    cells: Vec<Cell>,
}

impl Cells {
    pub(super) fn get(&self, id: u16) -> Option<&Cell> {
        self.cells.get(self.ids.binary_search(&id).ok()?)
    }

    pub(super) fn get_mut(&mut self, id: u16) -> Option<&mut Cell> {
        self.cells.get_mut(self.ids.binary_search(&id).ok()?)
    }

    /// Puts a cell in the place of one with the same identifier.
    pub(super) fn insert(&mut self, cell: Cell) {
        let id = cell.tag.id();
        match self.ids.binary_search(&id) {
            Ok(place) => self.cells[place] = cell,
            Err(place) => {
                self.ids.insert(place, id);
                self.cells.insert(place, cell);
            }
        }
    }

    pub(super) fn remove(&mut self, id: u16) {
        if let Ok(place) = self.ids.binary_search(&id) {
            self.ids.remove(place);
            self.cells.remove(place);
        }
    }

    /// By ascending identifiers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter()
    }
}
