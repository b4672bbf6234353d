/**
 * An Extended MAPI session engine for Node and the browser.
 *
 * @packageDocumentation
 */

export { createEngine, Engine, type EngineOptions } from './engine.js';
export { Subsystem } from './subsystem.js';
export { Session, type LogonOptions } from './session.js';
export { Store, type WatchOptions } from './store.js';
export { Folder, type Access, type Imported, type ImportOptions } from './folder.js';
export { Attachment, Message, type Recipient } from './message.js';
export { Table } from './table.js';
export { Column, RowBatch, type Row } from './rows.js';
export { PropertyBag } from './property-bag.js';
export { OBJECT, keyOf, tagOf, type PropKey, type PropValue, type ValueOf, type Values } from './properties.js';
export { TAGS, type TagName } from './tags.js';
export * from './restriction.js';
export { Subscription, type Events, type Notification } from './subscription.js';
export { AddressBook, AddressBookContainer, MailUser, type Resolved } from './address-book.js';
export { ProfileAdmin, Services, type ServiceEntry } from './profiles.js';
export { MapiError, type Code, type Who } from './error.js';
export { FileTime } from './file-time.js';
export { type Guid } from './guid.js';
export { isMbox, splitMbox, type ArchivedMessage } from './archive.js';
export { Backends, type Grants, type LogLevel, type OpenAddressBook, type Opened, type OpenStore, type OpenTransport } from './backends.js';
