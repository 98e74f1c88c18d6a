// The fields of a record as rows of a form: a label, an input for the kind of value, a button that
// takes the field away; below them what adds another one.

import type { Data, Json } from '../../../../client/documents/types.ts';
import { button, byId, make } from './dom.ts';
import { type Kind, kindOf, type Read, readField, typedOf } from './fields.ts';

const KINDS: Record<Kind, string> = {
  text: 'Text',
  number: 'Number',
  yes_no: 'Yes or no',
  json: 'JSON',
};
const LINE_MAX = 80;

type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

interface Row {
  key: string;
  kind: Kind;
  /** A field that others of the collection have: left out of the record where it is left empty. */
  isOffered: boolean;
  input: Input;
}

const options = (chosen: string, all: [value: string, label: string][]): HTMLOptionElement[] =>
  all.map(([value, label]) => make('option', { value, selected: value === chosen }, label));

function inputFor(id: string, kind: Kind, typed: string, isOffered: boolean): Input {
  if (kind === 'yes_no') {
    const all: [string, string][] = [
      ['true', 'Yes'],
      ['false', 'No'],
    ];
    return make('select', { id }, ...options(typed, isOffered ? [['', '—'], ...all] : all));
  }
  if (kind === 'json' || typed.length > LINE_MAX || typed.includes('\n')) {
    const area = make('textarea', { id, rows: kind === 'json' ? 3 : 5, spellcheck: 'false' });
    area.value = typed;
    if (kind === 'json') area.classList.add('code');
    return area;
  }
  const inputmode = kind === 'number' ? 'decimal' : undefined;
  const input = make('input', { id, type: 'text', inputmode, autocomplete: 'off' });
  input.value = typed;
  return input;
}

export class FieldRows {
  #rows: Row[] = [];
  #made = 0;

  show(record: Data, offered: { key: string; kind: Kind }[]): void {
    this.#rows = [];
    byId('fields').replaceChildren(this.#adder());
    for (const [key, value] of Object.entries(record)) {
      if (key !== 'id') this.#add(key, kindOf(value), typedOf(value), false);
    }
    for (const { key, kind } of offered) {
      if (!Object.hasOwn(record, key)) this.#add(key, kind, '', true);
    }
  }

  /** The record without its id. What is wrong has the focus then. */
  read(): Read<Data> {
    const entries: [string, Json][] = [];
    for (const { key, kind, isOffered, input } of this.#rows) {
      input.removeAttribute('aria-invalid');
      if (isOffered && input.value.trim() === '') continue;
      const read = readField(kind, input.value);
      if (!read.ok) {
        input.setAttribute('aria-invalid', 'true');
        input.focus();
        return { ok: false, problem: `${key}: ${read.problem}` };
      }
      entries.push([key, read.value]);
    }
    return { ok: true, value: Object.fromEntries(entries) };
  }

  focusFirst(): void {
    this.#rows[0]?.input.focus();
  }

  #add(key: string, kind: Kind, typed: string, isOffered: boolean): Row {
    this.#made += 1;
    const id = `field-${this.#made}`;
    const input = inputFor(id, kind, typed, isOffered);
    const row = { key, kind, isOffered, input };
    const remove = button('Remove', 'link', () => {
      this.#rows = this.#rows.filter((other) => other !== row);
      element.remove();
      byId('field-name').focus();
    });
    remove.setAttribute('aria-label', `Remove the field ${key}`);
    const label = make('label', { for: id, class: 'wrap' }, key);
    const element = make(
      'div',
      { class: 'field' },
      make('div', { class: 'line between' }, label, remove),
      input,
    );
    byId('fields').insertBefore(element, byId('fields').lastElementChild);
    this.#rows.push(row);
    return row;
  }

  #adder(): HTMLElement {
    const name = make('input', { id: 'field-name', autocomplete: 'off', autocapitalize: 'none' });
    const kinds = Object.entries(KINDS) as [Kind, string][];
    const kind = make('select', { id: 'field-kind' }, ...options('text', kinds));
    const add = () => {
      const key = name.value.trim();
      const isTaken = key === 'id' || this.#rows.some((row) => row.key === key);
      name.setCustomValidity(isTaken ? 'The record has this field already' : '');
      name.required = true;
      const isGood = name.reportValidity();
      name.required = false;
      if (!isGood) return;
      name.value = '';
      const chosen = kind.value as Kind;
      this.#add(key, chosen, chosen === 'yes_no' ? 'true' : '', false).input.focus();
    };
    name.addEventListener('input', () => name.setCustomValidity(''));
    name.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault(); // It would save the record.
      add();
    });
    return make(
      'div',
      { class: 'adder' },
      make('div', {}, make('label', { for: 'field-name' }, 'New field'), name),
      make('div', {}, make('label', { for: 'field-kind' }, 'Kind'), kind),
      button('Add field', 'quiet', add),
    );
  }
}
