// The dialog in which a record is made, changed or deleted: as fields, or as JSON. It stores
// nothing: whoever opens it is told what the person wants, and it is open until that is accepted.

import { equal } from '../../../../client/documents/json.ts';
import type { Data } from '../../../../client/documents/types.ts';
import { confirm } from './confirm.ts';
import { byId, focusByKey, make, tell } from './dom.ts';
import { FieldRows } from './field_rows.ts';
import { type Kind, type Read, readRecord } from './fields.ts';
import { said } from './problems.ts';

export interface Subject {
  /** Undefined for a collection that is made by its first record. */
  collection: string | undefined;
  /** Undefined for a new record. */
  record: Data | undefined;
  /** Data to offer. */
  usual: { key: string; kind: Kind }[];
}

export interface Wish {
  action: 'save' | 'delete';
  collection: string;
  /** With its id; of a deletion, as it was opened. */
  record: Data & { id: string };
}

/** False: the person goes on. What it throws is told in the dialog. */
export type Accept = (wish: Wish) => Promise<boolean>;

const dialog = () => byId<HTMLDialogElement>('editor');
const json = () => byId<HTMLTextAreaElement>('json');
const mode = (name: 'fields' | 'json') => byId<HTMLInputElement>(`mode-${name}`);

const collectionInput = () =>
  make('input', { id: 'collection', autocomplete: 'off', autocapitalize: 'none' });
const idInput = () =>
  make('input', {
    id: 'record-id',
    autocomplete: 'off',
    autocapitalize: 'none',
    placeholder: 'Left empty, one is made',
  });

const idOf = (record: Data | undefined): string | undefined =>
  typeof record?.id === 'string' ? record.id : undefined;

/** The fields in the order of a record that has most of them. */
function inOrderOf(record: Data, fields: Data): Data {
  const keys = new Set([...Object.keys(record), ...Object.keys(fields)]);
  const entries = [...keys].filter((key) => Object.hasOwn(fields, key));
  return Object.fromEntries(entries.map((key) => [key, fields[key] ?? null]));
}

export class Editor {
  readonly #rows = new FieldRows();
  readonly #newId: () => string;
  #subject: Subject = { collection: undefined, record: undefined, usual: [] };
  #accept: Accept = async () => false;
  #opened = '';

  constructor(newId: () => string) {
    this.#newId = newId;
    dialog().addEventListener('cancel', (event) => {
      event.preventDefault();
      void this.#leave();
    });
    byId('editor-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#save();
    });
    byId('editor-form').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.#save();
    });
    dialog().addEventListener('close', () => {
      // The button that opened it may have been made anew meanwhile.
      if (document.activeElement !== document.body) return;
      const key = `record ${idOf(this.#subject.record) ?? ''}`;
      if (!focusByKey(byId('records-table'), key)) byId('collection-title').focus();
    });
    byId('cancel').addEventListener('click', () => void this.#leave());
    byId('delete').addEventListener('click', () => void this.#delete());
    for (const name of ['fields', 'json'] as const) {
      mode(name).addEventListener('change', () => this.#switchTo(name));
    }
  }

  /** The record that is being edited, so that others' changes of it can be told. */
  get subject(): Subject | null {
    return dialog().open ? this.#subject : null;
  }

  open(subject: Subject, accept: Accept): void {
    this.#subject = subject;
    this.#accept = accept;
    const { collection, record, usual } = subject;
    const id = idOf(record);
    byId('editor-title').textContent = id ?? (collection ? `New in ${collection}` : 'New record');
    byId('delete').hidden = record === undefined;
    tell(byId('editor-problem'), '');
    this.note('');
    const keys: HTMLElement[] = [];
    if (collection === undefined) {
      keys.push(make('label', { for: 'collection' }, 'Collection'), collectionInput());
    }
    if (id === undefined) keys.push(make('label', { for: 'record-id' }, 'Id'), idInput());
    byId('keys').replaceChildren(...keys);
    this.#rows.show(record ?? {}, usual);
    this.#showMode('fields');
    this.#opened = this.#written();
    dialog().showModal();
    if (record === undefined) byId('keys').querySelector('input')?.focus();
    else this.#rows.focusFirst();
  }

  /** Something to know while one edits. */
  note(text: string): void {
    tell(byId('editor-note'), text);
  }

  async #leave(): Promise<void> {
    const question = {
      title: 'Leave without saving?',
      text: 'What you changed here is not saved.',
      yes: 'Leave',
    };
    if (this.#written() === this.#opened || (await confirm(question))) dialog().close();
  }

  async #wish(wish: Wish): Promise<void> {
    const buttons = [byId<HTMLButtonElement>('save'), byId<HTMLButtonElement>('delete')];
    for (const button of buttons) button.disabled = true;
    try {
      if (await this.#accept(wish)) dialog().close();
    } catch (error) {
      this.#complain(said(error));
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  async #delete(): Promise<void> {
    const { collection, record } = this.#subject;
    const id = idOf(record);
    if (collection === undefined || id === undefined) return;
    await this.#wish({ action: 'delete', collection, record: { ...record, id } });
  }

  async #save(): Promise<void> {
    const collection = this.#subject.collection ?? this.#keyOf('collection');
    if (collection === '') {
      this.#complain('Give the collection a name', byId('collection'));
      return;
    }
    const read = this.#read();
    if (!read.ok) {
      this.#complain(read.problem);
      return;
    }
    const { record: before } = this.#subject;
    if (before !== undefined && equal(read.value, before)) {
      dialog().close();
      return;
    }
    const id = idOf(read.value);
    const record = id === undefined ? { id: this.#newId(), ...read.value } : { ...read.value, id };
    await this.#wish({ action: 'save', collection, record });
  }

  #complain(problem: string, place?: HTMLElement): void {
    tell(byId('editor-problem'), problem);
    place?.focus();
  }

  #keyOf(input: 'collection' | 'record-id'): string {
    const element = document.getElementById(input);
    return element instanceof HTMLInputElement ? element.value.trim() : '';
  }

  #read(): Read<Data> {
    const { record } = this.#subject;
    if (mode('json').checked) {
      const read = readRecord(json().value, idOf(record));
      json().toggleAttribute('aria-invalid', false);
      if (!read.ok) {
        json().setAttribute('aria-invalid', 'true');
        json().focus();
      }
      return read;
    }
    const read = this.#rows.read();
    if (!read.ok) return read;
    const typed = this.#keyOf('record-id');
    if (record === undefined) {
      return { ok: true, value: typed === '' ? read.value : { id: typed, ...read.value } };
    }
    return { ok: true, value: inOrderOf(record, { ...read.value, id: record.id ?? '' }) };
  }

  #switchTo(name: 'fields' | 'json'): void {
    const other = name === 'fields' ? 'json' : 'fields';
    const isTouched = this.#written() !== this.#opened;
    mode(other).checked = true; // What is read is in the mode that was.
    const read = this.#read();
    if (!read.ok) {
      this.#complain(read.problem);
      return;
    }
    tell(byId('editor-problem'), '');
    const record = read.value;
    if (name === 'json') json().value = JSON.stringify(record, null, 2);
    else this.#rows.show(record, this.#subject.record === undefined ? this.#subject.usual : []);
    const idPlace = document.getElementById('record-id');
    if (name === 'fields' && idPlace instanceof HTMLInputElement) {
      idPlace.value = typeof record.id === 'string' ? record.id : '';
    }
    this.#showMode(name);
    if (!isTouched) this.#opened = this.#written();
    json().setSelectionRange(0, 0);
    json().scrollTop = 0;
    mode(name).focus();
  }

  #showMode(name: 'fields' | 'json'): void {
    mode(name).checked = true;
    byId('fields').hidden = name === 'json';
    byId('json-row').hidden = name === 'fields';
    for (const input of byId('keys').querySelectorAll<HTMLElement>('[for=record-id], #record-id')) {
      input.hidden = name === 'json';
    }
  }

  /** All that is typed, to see whether anything was. */
  #written(): string {
    const inputs = dialog().querySelectorAll<HTMLInputElement>('input:not([type=radio]), select');
    const areas = dialog().querySelectorAll('textarea');
    return JSON.stringify([...inputs, ...areas].map(({ value }) => value));
  }
}
