/**
 * The types of the world as they cross the border (`wit/`), by the names the tool that translates the component gives
 * them. Nothing here exists at run time.
 */

export type * as Types from '../component/interfaces/mapi-session-types.js';
export type * as Flags from '../component/interfaces/mapi-session-method-flags.js';
export type * as BackendTypes from '../component/interfaces/mapi-session-backend-types.js';
export type * as StoreBackend from '../component/interfaces/mapi-session-store-backend.js';
export type * as AddressBookBackend from '../component/interfaces/mapi-session-address-book-backend.js';
export type * as TransportBackend from '../component/interfaces/mapi-session-transport-backend.js';
export type * as ProfileStorage from '../component/interfaces/mapi-session-profile-storage.js';
export type * as ServiceCatalogue from '../component/interfaces/mapi-session-service-catalogue.js';
export type * as FormPresenter from '../component/interfaces/mapi-session-form-presenter.js';
export type * as Sessions from '../component/interfaces/mapi-session-sessions.js';
export type * as Tables from '../component/interfaces/mapi-session-tables.js';
export type * as Objects from '../component/interfaces/mapi-session-objects.js';
export type * as AddressBooks from '../component/interfaces/mapi-session-address-books.js';
export type * as Profiles from '../component/interfaces/mapi-session-profiles.js';
export type * as Status from '../component/interfaces/mapi-session-status.js';
export type { Root, ImportObject, instantiate } from '../component/session.js';
