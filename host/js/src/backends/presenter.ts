/**
 * User interface (`wit/form-presenter.wit`). Without one the session is told so, and asks nothing; a host with one
 * passes a function for each prompt it has.
 */

import { fail } from '../error.js';
import type { FormPresenter } from '../wire.js';

/** Every import of `form-presenter`. */
export type Presenter = { [Name in keyof typeof FormPresenter]: (typeof FormPresenter)[Name] };

const NAMES = [
  'show', 'forms', 'installForm', 'removeForm', 'chooseProfile', 'ask', 'resolve', 'chooseRecipients', 'details', 'newEntry', 'editOptions',
  'selectForms', 'selectFormLibrary',
];

/** The imports of a host that has these prompts and no others. */
export function presenter(prompts: Partial<Presenter> = {}): Presenter {
  const declined = NAMES.map((name): [string, () => never] => [name, () => {
    throw fail('mapi-e-no-support', 'this host has no such prompt');
  }]);
  const offersUi = (): boolean => Object.keys(prompts).length > 0;
  return { offersUi, ...Object.fromEntries(declined), ...prompts } as unknown as Presenter;
}
