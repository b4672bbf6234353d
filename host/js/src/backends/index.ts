/**
 * The backends of this package, and what a backend of one's own is made of.
 */

export { Catalogue, MEMORY_SERVICES, type CatalogueBackend, type Service } from './catalogue.js';
export { LocalTransport, PostOffice } from './local-transport.js';
export { MemoryAddressBook } from './memory-address-book.js';
export { MemoryObjects } from './memory-objects.js';
export { MemoryProfiles, type ProfileStorageBackend } from './memory-profiles.js';
export { MemoryStore } from './memory-store.js';
export { presenter, type Presenter } from './presenter.js';
export { addressProperties, oneOff, searchKey } from '../one-off.js';
export { fail } from '../error.js';
export { newGuid, parseGuid } from '../guid.js';
export type * from '../wire.js';
