/**
 * The service catalogue (`wit/service-catalogue.wit`): which message services a profile can have, and their entry
 * points.
 *
 * The entry point of a service accepts exactly its settings and puts them into the section of its first provider; it
 * answers MAPI_E_UNCONFIGURED while a required one is missing.
 */

import { MapiError, fail } from '../error.js';
import { idOf, sameFamily } from './values.js';
import type { ServiceCatalogue } from '../wire.js';

/** The imports of `service-catalogue`. */
export type CatalogueBackend = Pick<typeof ServiceCatalogue, 'services' | 'configure'>;

/** A service with one provider. */
export interface Service {
  /** Its key, never translated. */
  name: string;
  /** What people see. */
  displayName: string;
  /** What it is. */
  kind: ServiceCatalogue.ProviderKind;
  /** The backend its provider is opened with. */
  backend: string;
  /** Whether a profile made with the default services has it. */
  isDefault?: boolean;
  /** PR_RESOURCE_FLAGS of the service (SERVICE_*). */
  serviceFlags?: number;
  /** PR_RESOURCE_FLAGS of the provider (STATUS_*). */
  providerFlags?: number;
  /** Tags that may be set. */
  settings?: readonly number[];
  /** Those of them it cannot do without. */
  required?: readonly number[];
}

const [SINGLE_COPY, NO_PRIMARY_IDENTITY, PROVIDER_PRIMARY_IDENTITY, PROVIDER_NO_PRIMARY_IDENTITY] = [0x2, 0x20, 0x4, 0x20];
const [DISPLAY_NAME, SENDER_NAME, SENDER_ADDRESS] = [0x3001001f, 0x0c1a001f, 0x0c1f001f];

/** The services of the backends in this package. */
export const MEMORY_SERVICES: readonly Service[] = [
  { name: 'mapi.memory', displayName: 'Mailbox in memory', kind: 'store', backend: 'memory', isDefault: true, settings: [DISPLAY_NAME] },
  {
    name: 'mapi.memory-pab', displayName: 'Personal Address Book', kind: 'address-book', backend: 'memory-pab', isDefault: true,
    serviceFlags: SINGLE_COPY | NO_PRIMARY_IDENTITY, providerFlags: PROVIDER_NO_PRIMARY_IDENTITY,
  },
  {
    name: 'mapi.local', displayName: 'Mail between profiles', kind: 'transport', backend: 'local',
    providerFlags: PROVIDER_PRIMARY_IDENTITY, settings: [DISPLAY_NAME, SENDER_NAME, SENDER_ADDRESS], required: [SENDER_ADDRESS],
  },
];

/** A catalogue of these services. */
export class Catalogue implements CatalogueBackend {
  readonly #services: readonly Service[];

  constructor(services: readonly Service[] = MEMORY_SERVICES) {
    this.#services = services;
  }

  services(): ServiceCatalogue.ServiceDefinition[] {
    return this.#services.map((service) => ({
      name: service.name,
      displayName: service.displayName,
      resourceFlags: service.serviceFlags ?? 0,
      isDefault: service.isDefault ?? false,
      configurable: service.settings !== undefined,
      properties: [],
      providers: [{
        section: service.name,
        displayName: service.displayName,
        providerDisplay: service.displayName,
        backend: service.backend,
        kind: service.kind,
        resourceFlags: service.providerFlags ?? 0,
        properties: [],
      }],
      extras: [],
    }));
  }

  configure(request: ServiceCatalogue.ConfigureRequest): ServiceCatalogue.ConfigureOutcome {
    const service = this.#services.find(({ name }) => name === request.service);
    if (!service) throw fail('mapi-e-not-found', `the catalogue has no service ${JSON.stringify(request.service)}`);
    const outcome: ServiceCatalogue.ConfigureOutcome = { failure: undefined, sections: [], create: [], delete: [], extras: [] };
    if (request.context !== 'create' && request.context !== 'configure') return outcome;
    try {
      const section = check(service, request);
      if (request.properties.length > 0) outcome.sections.push({ uid: section.uid, set: request.properties, delete: new Uint32Array() });
    } catch (error) {
      if (!(error instanceof MapiError)) throw error;
      outcome.failure = error.payload;
    }
    return outcome;
  }
}

/** The section settings go to, if they are ones of the service and none it needs is missing. */
function check(service: Service, request: ServiceCatalogue.ConfigureRequest): ServiceCatalogue.SectionValues {
  const known = (tag: number): boolean => (service.settings ?? []).some((setting) => idOf(setting) === idOf(tag) && sameFamily(setting, tag));
  const foreign = request.properties.find(({ tag }) => !known(tag));
  if (foreign) throw fail('mapi-e-invalid-parameter', 'this is no setting of the service', { tag: foreign.tag, argument: 'properties' });
  const [section] = request.providers;
  if (!section) throw fail('mapi-e-corrupt-data', 'the service has no provider left');
  const held = [...request.properties, ...section.properties].map(({ tag }) => idOf(tag));
  // A service is created first and configured afterwards: only then must it be complete.
  const missing = request.context === 'configure' && service.required?.find((tag) => !held.includes(idOf(tag)));
  if (missing) throw fail('mapi-e-unconfigured', `the service needs a value of 0x${missing.toString(16).padStart(8, '0')}`, { tag: missing });
  return section;
}
