// The view of records: the collections with their counts, and the records of the chosen one.

import { member } from '../../../../client/documents/json.ts';
import type { Database, DocumentRecord } from '../../../../client/documents/types.ts';
import { button, byId, make, refill, tell } from './dom.ts';
import { brief, usualFields } from './fields.ts';

const PAGE = 100;
const COLUMNS_MAX = 4;

export interface RecordsProps {
  db: Database;
  onOpen: (collection: string, record: DocumentRecord) => void;
}

export class RecordsView {
  readonly #db: Database;
  readonly #onOpen: RecordsProps['onOpen'];
  #wanted = '';
  #shown = PAGE;

  constructor({ db, onOpen }: RecordsProps) {
    this.#db = db;
    this.#onOpen = onOpen;
    byId('search').addEventListener('input', () => this.render());
    byId('more').addEventListener('click', () => {
      this.#shown += PAGE;
      this.render();
    });
  }

  /** The chosen collection: the wanted one, where it is there, or the first; '' for none. */
  get collection(): string {
    const names = this.#db.collections();
    return names.includes(this.#wanted) ? this.#wanted : (names[0] ?? '');
  }

  choose(name: string): void {
    if (name !== this.collection) {
      byId<HTMLInputElement>('search').value = '';
      this.#shown = PAGE;
    }
    this.#wanted = name;
    this.render();
  }

  render(): void {
    const name = this.collection;
    const names = this.#db.collections();
    refill(
      byId('collections'),
      names.map((each) => this.#choice(each, each === name)),
    );
    byId('collection-title').textContent = name || 'No records yet';
    byId('add').hidden = name === '';
    byId('search-row').hidden = name === '';
    this.#renderTable(name);
    this.#renderValues();
  }

  #choice(name: string, isChosen: boolean): HTMLElement {
    const count = this.#db.collection(name).list().length;
    const link = make(
      'a',
      {
        href: `#records/${encodeURIComponent(name)}`,
        'aria-current': isChosen ? 'true' : undefined,
      },
      make('span', { class: 'wrap' }, name),
      ' ',
      make('span', { class: 'count' }, String(count)),
    );
    link.dataset.key = `collection ${name}`;
    return make('li', {}, link);
  }

  #renderTable(name: string): void {
    const records = name === '' ? [] : this.#db.collection(name).list();
    const searched = byId<HTMLInputElement>('search').value.trim().toLowerCase();
    const found =
      searched === ''
        ? records
        : records.filter((record) => JSON.stringify(record).toLowerCase().includes(searched));
    const shown = found.slice(0, this.#shown);
    const columns = usualFields([...records]).slice(0, COLUMNS_MAX);
    const cells = ['id', ...columns.map(({ key }) => key)];
    const head = make('tr', {}, ...cells.map((key) => make('th', { scope: 'col' }, key)));
    const rows = shown.map((record) => this.#row(name, record, cells.slice(1)));
    byId('records-table').hidden = shown.length === 0;
    refill(byId('records-table'), [make('thead', {}, head), make('tbody', {}, ...rows)]);
    byId('more').hidden = shown.length === found.length;
    tell(byId('records-note'), this.#note(name, records.length, found.length, shown.length));
  }

  #note(name: string, all: number, found: number, shown: number): string {
    if (name === '') return 'Add a collection to begin with.';
    if (all === 0) return 'This collection is empty.';
    if (found === 0) return 'No record has that.';
    if (shown < found) return `The first ${shown} of ${found} records`;
    return found < all ? `${found} of ${all} records` : '';
  }

  #row(collection: string, record: DocumentRecord, keys: string[]): HTMLElement {
    const open = button(record.id, 'link', () => this.#onOpen(collection, record));
    open.dataset.key = `record ${record.id}`;
    const head = make('th', { scope: 'row' }, open);
    if (this.#db.collection(collection).isPending(record.id)) {
      head.append(' ', make('span', { class: 'mark' }, 'not saved yet'));
    }
    return make('tr', {}, head, ...keys.map((key) => make('td', {}, brief(member(record, key)))));
  }

  /** Members that are no collections are shown, and not edited here. */
  #renderValues(): void {
    const values = Object.entries(this.#db.values());
    byId('values').hidden = values.length === 0;
    byId('values-list').replaceChildren(
      ...values.flatMap(([key, value]) => [
        make('dt', { class: 'wrap' }, key),
        make('dd', { class: 'wrap code' }, brief(value)),
      ]),
    );
  }
}
