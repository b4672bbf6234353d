/**
 * Administration of profiles and their services (IProfAdmin, IMsgServiceAdmin2).
 */

import { Handle, type Home } from './handle.js';
import { guidOfBytes, guidText, parseGuid, type Guid } from './guid.js';
import { toProperties, type Values } from './properties.js';
import type { Sinks } from './subscription.js';
import { Table } from './table.js';
import type { Profiles } from './wire.js';

/** A service of a profile. */
export interface ServiceEntry {
  /** Its identifier in the profile. */
  uid: Guid;
  /** Its key in the catalogue. */
  service: string;
  /** What people see. */
  displayName: string;
}

/** The message services of one profile. */
export class Services extends Handle<Profiles.ServiceAdmin> {
  readonly #sinks: Sinks;

  /** An administration the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Profiles.ServiceAdmin) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** The services, in the order they were added. */
  list(): ServiceEntry[] {
    const wire = this.call((admin) => admin.getMsgServiceTable({ mapiUnicode: true }));
    using table = new Table(this.home, this.#sinks, wire, ['serviceUid', 'serviceName', 'displayName']);
    return Array.from(table, ({ serviceUid, serviceName, displayName }) => ({
      uid: serviceUid ? guidText(guidOfBytes(serviceUid)) : '', service: serviceName ?? '', displayName: displayName ?? '',
    }));
  }

  /** Adds a service of the catalogue and configures it; its identifier. */
  add(service: string, settings?: Values, displayName?: string): Guid {
    const uid = this.call((wire) => wire.createMsgServiceEx(service, displayName, 0n, { mapiUnicode: true }));
    if (settings) this.configure(guidText(uid), settings);
    return guidText(uid);
  }

  /** Configures a service. */
  configure(uid: Guid, settings: Values): void {
    this.call((wire) => wire.configureMsgService(parseGuid(uid), 0n, { mapiUnicode: true }, toProperties(settings)));
  }

  /** Removes a service. */
  remove(uid: Guid): void {
    this.call((wire) => wire.deleteMsgService(parseGuid(uid)));
  }
}

/** The profiles. */
export class ProfileAdmin extends Handle<Profiles.ProfileAdmin> {
  readonly #sinks: Sinks;

  /** An administration the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Profiles.ProfileAdmin) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** The profiles. */
  list(): { name: string; isDefault: boolean }[] {
    using table = new Table(this.home, this.#sinks, this.call((wire) => wire.getProfileTable({ mapiUnicode: true })), ['displayName', 'defaultProfile']);
    return Array.from(table, ({ displayName, defaultProfile }) => ({ name: displayName ?? '', isDefault: defaultProfile ?? false }));
  }

  /** Creates a profile, with the default services of the catalogue or without any. */
  create(name: string, defaultServices = true): void {
    this.call((wire) => wire.createProfile(name, 0n, { mapiDefaultServices: defaultServices, mapiUnicode: true }));
  }

  /** Deletes a profile. */
  delete(name: string): void {
    this.call((wire) => wire.deleteProfile(name, { mapiUnicode: true }));
  }

  /** Renames a profile. */
  rename(name: string, newName: string): void {
    this.call((wire) => wire.renameProfile(name, newName, 0n, { mapiUnicode: true }));
  }

  /** Copies a profile. */
  copy(name: string, newName: string): void {
    this.call((wire) => wire.copyProfile(name, newName, 0n, { mapiUnicode: true }));
  }

  /** Chooses the default profile; none: there is none. */
  setDefault(name: string | undefined): void {
    this.call((wire) => wire.setDefaultProfile(name, { mapiUnicode: true }));
  }

  /** The services of a profile. */
  services(name: string): Services {
    return new Services(this.home, this.#sinks, this.call((wire) => wire.adminServices(name, 0n, { mapiUnicode: true })));
  }
}
