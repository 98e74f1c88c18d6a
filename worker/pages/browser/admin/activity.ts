// The view of activity: what the server was asked, newest first, read again while one looks at it.

import type { Activity, Administration } from '../../../../client/documents/types.ts';
import { shownTime } from '../times.ts';
import { byId, make, refill, tell } from './dom.ts';
import { said } from './problems.ts';

export const REFRESH_MS = 4_000;
const PAGE = 100;

/** Reads of this list, and of a document that had not changed: there would soon be nothing else. */
const isPolling = ({ method, path, status }: Activity) =>
  method === 'GET' && (status === 304 || path === '/activity');

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function detailsOf(entry: Activity): string {
  const { size, user, duration_ms, error } = entry;
  return [
    textOf(user) || 'nobody signed in',
    `${textOf(size)} bytes`,
    duration_ms === undefined ? '' : `${textOf(duration_ms)} ms`,
    textOf(error),
  ]
    .filter(Boolean)
    .join(' · ');
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** Of today, the time alone; of anything else, and what is no time, as the other page has it. */
function timeOf(ms: number): string {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return isToday ? clock.format(ms) : shownTime(ms);
}

const msOf = ({ time }: Activity) => (typeof time === 'number' ? time : Date.parse(time));

function row(entry: Activity): HTMLElement {
  const { method, path, status } = entry;
  return make(
    'tr',
    {},
    make('td', { class: 'time' }, timeOf(msOf(entry))),
    make(
      'td',
      { class: 'wrap' },
      make('strong', {}, `${method} ${path}`),
      make('div', { class: 'small' }, detailsOf(entry)),
    ),
    make('td', { class: status >= 400 ? 'code bad' : 'code' }, String(status)),
  );
}

const HEAD = ['Time', 'Request', 'Status'];

export class ActivityView {
  readonly #server: Administration;
  /** Newest first. */
  #entries: Activity[] = [];
  #older: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isShown = false;

  constructor(server: Administration) {
    this.#server = server;
    byId('polling').addEventListener('change', () => this.#render());
    byId('older').addEventListener('click', () => void this.#readOlder());
  }

  show(): void {
    if (this.#isShown) return;
    this.#isShown = true;
    void this.#follow();
  }

  hide(): void {
    this.#isShown = false;
    clearTimeout(this.#timer);
  }

  async #follow(): Promise<void> {
    if (!document.hidden) await this.#read(null);
    if (!this.#isShown) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#follow(), REFRESH_MS);
  }

  async #read(before: string | null): Promise<void> {
    try {
      const { entries, next } = await this.#server.activity({ before, limit: PAGE });
      const known = new Set(this.#entries.map(({ id }) => id));
      const fresh = entries.filter(({ id }) => !known.has(id));
      // A page of nothing but news has a gap below it: the list begins anew.
      const isGap = before === null && fresh.length === entries.length;
      const kept = isGap ? [] : this.#entries;
      if (before !== null || isGap) this.#older = next;
      this.#entries = [...fresh, ...kept].sort((a, b) => msOf(b) - msOf(a));
      this.#render();
    } catch (error) {
      tell(byId('activity-note'), said(error));
    }
  }

  async #readOlder(): Promise<void> {
    if (this.#older !== null) await this.#read(this.#older);
  }

  #render(): void {
    const showsPolling = byId<HTMLInputElement>('polling').checked;
    const shown = this.#entries.filter((entry) => showsPolling || !isPolling(entry));
    const head = make('tr', {}, ...HEAD.map((name) => make('th', { scope: 'col' }, name)));
    refill(byId('activity-table'), [make('thead', {}, head), make('tbody', {}, ...shown.map(row))]);
    byId('activity-table').hidden = shown.length === 0;
    byId('older').hidden = this.#older === null;
    tell(byId('activity-note'), shown.length === 0 ? 'Nothing yet.' : '');
  }
}
