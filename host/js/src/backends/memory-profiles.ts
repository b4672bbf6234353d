/**
 * Profile storage in memory (`wit/profile-storage.wit`). Several subsystems may share one.
 */

import { fail } from '../error.js';
import type { ProfileStorage } from '../wire.js';

interface Profile {
  bytes: Uint8Array;
  version: bigint;
  readonly secrets: Map<string, Uint8Array>;
}

/** The imports of `profile-storage`. */
export type ProfileStorageBackend = Pick<
  typeof ProfileStorage,
  | 'listProfiles' | 'load' | 'replace' | 'rename' | 'delete' | 'defaultName' | 'setDefaultName' | 'secret' | 'setSecret'
  | 'acquireLease' | 'releaseLease' | 'leases'
>;

/** Profiles that are gone when nobody holds them any more. */
export class MemoryProfiles implements ProfileStorageBackend {
  #profiles = new Map<string, Profile>();
  readonly #leases = new Map<bigint, string>();
  #versions = 0n;
  #lastLease = 0n;
  #default: string | undefined;

  #get(name: string): Profile {
    const profile = this.#profiles.get(name);
    if (!profile) throw fail('mapi-e-not-found', `there is no profile ${JSON.stringify(name)}`);
    return profile;
  }

  #expect(name: string, expected: bigint): void {
    if ((this.#profiles.get(name)?.version ?? 0n) !== expected) {
      throw fail('mapi-e-object-changed', `the profile ${JSON.stringify(name)} was changed by someone else`, { retry: true });
    }
  }

  listProfiles(): ProfileStorage.ProfileEntry[] {
    return Array.from(this.#profiles, ([name, { version }]) => ({ name, version }));
  }

  load(name: string): ProfileStorage.LoadedProfile {
    const { bytes, version } = this.#get(name);
    return { bytes, version };
  }

  replace(name: string, bytes: Uint8Array, expected: bigint): bigint {
    this.#expect(name, expected);
    // One counter for all: a profile made again does not have the version of the one deleted.
    const version = ++this.#versions;
    const secrets = this.#profiles.get(name)?.secrets ?? new Map<string, Uint8Array>();
    this.#profiles.set(name, { bytes: bytes.slice(), version, secrets });
    return version;
  }

  rename(name: string, newName: string, expected: bigint): bigint {
    const profile = this.#get(name);
    this.#expect(name, expected);
    if (newName !== name && this.#profiles.has(newName)) {
      throw fail('mapi-e-collision', `there is a profile ${JSON.stringify(newName)} already`);
    }
    const version = ++this.#versions;
    const entries = Array.from(this.#profiles, ([known, value]): [string, Profile] =>
      known === name ? [newName, { ...profile, version }] : [known, value]);
    this.#profiles = new Map(entries);
    if (this.#default === name) this.#default = newName;
    for (const [lease, held] of this.#leases) if (held === name) this.#leases.set(lease, newName);
    return version;
  }

  delete(name: string, expected: bigint): void {
    this.#get(name);
    this.#expect(name, expected);
    this.#profiles.delete(name);
    if (this.#default === name) this.#default = undefined;
  }

  defaultName(): string | undefined {
    return this.#default;
  }

  setDefaultName(name: string | undefined): void {
    if (name !== undefined) this.#get(name);
    this.#default = name;
  }

  secret(profile: string, key: string): Uint8Array | undefined {
    return this.#get(profile).secrets.get(key);
  }

  setSecret(profile: string, key: string, value: Uint8Array | undefined): void {
    const { secrets } = this.#get(profile);
    if (value) secrets.set(key, value.slice());
    else secrets.delete(key);
  }

  acquireLease(name: string): bigint {
    this.#get(name);
    this.#leases.set(++this.#lastLease, name);
    return this.#lastLease;
  }

  releaseLease(lease: bigint): void {
    this.#leases.delete(lease);
  }

  leases(name: string): number {
    return [...this.#leases.values()].filter((held) => held === name).length;
  }
}
