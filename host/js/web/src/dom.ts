/** Elements of the page. */

type Attributes = Record<string, string | boolean | undefined>;

/** The element of the page with that id. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element as T;
}

/** A new element; text is never taken for HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, '');
    else if (typeof value === 'string') element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** The drawings of the page, by the paths of a square of 20. */
const ICONS = {
  inbox: 'M3 11v4.5A1.5 1.5 0 0 0 4.500 17h11a1.500 1.500 0 0 0 1.500-1.500V11M3 11l2.200-6.900A1.500 1.500 0 0 1 6.600 3h6.800a1.500 1.500 0 0 1 1.400 1.100L17 11M3 11h4a3 3 0 0 0 6 0h4',
  sent: 'm3 10 14-6.500L12.500 17l-3-5.500zM9.500 11.500 17 3.500',
  outbox: 'M10 12V3m0 0L6.500 6.500M10 3l3.500 3.500M3 12v3.500A1.500 1.500 0 0 0 4.500 17h11a1.500 1.500 0 0 0 1.500-1.500V12',
  trash: 'M4 5.500h12M8 5.500V4a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1v1.500m2.500 0L14 16a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1L5.500 5.500',
  folder: 'M3 6a1.500 1.500 0 0 1 1.500-1.500h3L9.500 7h6A1.500 1.500 0 0 1 17 8.500v6a1.500 1.500 0 0 1-1.500 1.500h-11A1.500 1.500 0 0 1 3 14.500z',
  clip: 'm15.500 9.500-5.700 5.700a3.300 3.300 0 0 1-4.700-4.700l6.200-6.200a2.200 2.200 0 0 1 3.100 3.100l-6.100 6.100a1.100 1.100 0 0 1-1.600-1.600l5.300-5.200',
  down: 'm5 7.500 5 5 5-5',
  reply: 'M8 5 3.500 9.500 8 14M3.500 9.500H12a4.500 4.500 0 0 1 4.500 4.500v1.500',
  unread: 'M3 6.500A1.500 1.500 0 0 1 4.500 5h11A1.500 1.500 0 0 1 17 6.500v8a1.500 1.500 0 0 1-1.500 1.500h-11A1.500 1.500 0 0 1 3 14.500zm.5 0L10 11l6.500-4.500',
  shield: 'M10 3 4.500 5v4.500c0 3.500 2.300 6.200 5.500 7.500 3.200-1.300 5.500-4 5.500-7.500V5z',
};

/** A drawing. */
export function icon(name: keyof typeof ICONS): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** What is shown where nothing is. */
export function emptyState(name: keyof typeof ICONS, title: string, text: string, ...buttons: HTMLButtonElement[]): (Node | string)[] {
  const parts: (Node | string)[] = [icon(name), make('strong', {}, title), make('p', {}, text)];
  if (buttons.length > 0) parts.push(make('div', { class: 'row' }, ...buttons));
  return parts;
}

/** A button. */
export function button(label: string, kind: string, pressed: () => void): HTMLButtonElement {
  const element = make('button', { type: 'button', class: kind }, label);
  element.addEventListener('click', pressed);
  return element;
}

/** A size for people. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const SAME_YEAR = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const OTHER_YEAR = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
const SAME_DAY = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** A date in a list. */
export function shortDate(date: Date | undefined): string {
  if (!date) return '';
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return SAME_DAY.format(date);
  return (date.getFullYear() === now.getFullYear() ? SAME_YEAR : OTHER_YEAR).format(date);
}

/** A date in full. */
export const fullDate = (date: Date | undefined): string => (date ? FULL.format(date) : '');
