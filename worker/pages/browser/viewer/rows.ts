// An entry as an element. What it says is data: it goes in as text, never as HTML, and never as an
// address to follow.

import { button, make } from '../admin/dom.ts';
import { type Kind, kindOf, type ShownEntry, type ShownEvent } from './entry.ts';
import {
  bytesAt,
  clip,
  clippedJson,
  detailAt,
  jsonText,
  messageAt,
  sizeText,
  textAt,
} from './payload.ts';

const MESSAGE_CHARACTERS = 8_000;
const PREVIEW_CHARACTERS = 600;
const NAME_CHARACTERS = 200;
const LINE_CHARACTERS = 300;

const LABELS: Record<Kind, string> = {
  chat: 'Chat',
  artifact: 'Artifact',
  audit: 'Audit',
  other: 'Other',
  undecryptable: 'Undecryptable',
};
export const labelOf = (kind: Kind): string => LABELS[kind];

/** Heights as they mostly are, until a row is drawn. */
const GUESSES: Record<Kind, number> = {
  chat: 96,
  artifact: 128,
  audit: 68,
  other: 68,
  undecryptable: 60,
};
export const guessedHeight = (entry: ShownEntry): number => GUESSES[kindOf(entry)];

const times = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const MS_MAX = 8_640_000_000_000_000; // The last that a Date can be.

function timeElement(time: number): HTMLElement {
  if (!(Math.abs(time) <= MS_MAX)) return make('span', { class: 'aside' }, 'unknown time');
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  const shown = isToday ? times.format(time) : dates.format(time);
  return make('time', { class: 'aside', datetime: new Date(time).toISOString() }, shown);
}

const small = (text: string) => make('p', { class: 'small wrap' }, text);

/** A name, and after it what goes with it in small. */
function heading(name: string, ...facts: (string | undefined)[]): HTMLElement {
  const line = make('p', { class: 'wrap' }, make('strong', {}, clip(name, NAME_CHARACTERS)));
  const told = facts.filter((fact) => fact !== undefined && fact !== '');
  if (told.length > 0) {
    line.append(' ', make('span', { class: 'small' }, clip(told.join(' · '), LINE_CHARACTERS)));
  }
  return line;
}

/** What an event that takes something away says: only which. */
function deletion({ name, payload, primaryKey }: ShownEvent, ...names: string[]): Node[] | null {
  if (!/(deleted|removed)$/i.test(name)) return null;
  const session = textAt(payload, 'session', 'sessionId');
  return [heading('Deleted', textAt(payload, ...names) ?? primaryKey, session)];
}

function chat(event: ShownEvent): Node[] | null {
  const { payload } = event;
  const text = messageAt(payload, 'content', 'text', 'message', 'body');
  if (text === undefined) return deletion(event, 'id');
  const who = textAt(payload, 'role', 'author', 'from', 'sender', 'user') ?? 'Message';
  const session = textAt(payload, 'session', 'sessionId');
  const said = make('p', { class: 'said wrap' }, clip(text, MESSAGE_CHARACTERS));
  return [heading(who, session && `in ${session}`), said];
}

function artifact(event: ShownEvent): Node[] | null {
  const { payload, primaryKey } = event;
  const name = textAt(payload, 'name', 'title', 'path', 'filename');
  const content = messageAt(payload, 'content', 'text', 'body', 'data');
  const bytes = bytesAt(payload, 'content', 'data');
  if (name === undefined && content === undefined) return deletion(event, 'id', 'name', 'path');
  const type = textAt(payload, 'type', 'mediaType', 'mimeType', 'contentType', 'language');
  const version = textAt(payload, 'version', 'revision');
  const line = heading(
    name ?? primaryKey,
    type,
    version && `version ${version}`,
    bytes && sizeText(bytes.length),
    content && `${content.length.toLocaleString('en-US')} characters`,
  );
  if (content === undefined) return [line];
  return [line, make('pre', { class: 'preview' }, clip(content, PREVIEW_CHARACTERS))];
}

function audit({ payload, name }: ShownEvent): Node[] | null {
  const who = textAt(payload, 'actor', 'user', 'who', 'by', 'subject');
  const did = textAt(payload, 'action', 'operation', 'verb', 'type') ?? name;
  const what = textAt(payload, 'target', 'resource', 'object', 'entity');
  const how = textAt(payload, 'outcome', 'result', 'status', 'decision');
  if (who === undefined && what === undefined && how === undefined) return null;
  const line = make('p', { class: 'wrap' });
  if (who !== undefined) line.append(make('strong', {}, clip(who, NAME_CHARACTERS)), ' ');
  line.append(clip(did, NAME_CHARACTERS));
  if (what !== undefined) {
    line.append(' ', make('span', { class: 'code' }, clip(what, NAME_CHARACTERS)));
  }
  if (how !== undefined) line.append(' ', make('span', { class: 'mark' }, clip(how, 60)));
  const said = detailAt(payload, 'details', 'detail', 'reason', 'message');
  return said === undefined ? [line] : [line, small(clip(said, LINE_CHARACTERS))];
}

function other({ payload }: ShownEvent): Node[] {
  return [make('pre', { class: 'preview' }, clip(jsonText(payload, 0), PREVIEW_CHARACTERS))];
}

const bodies = { chat, artifact, audit, other };

function bodyOf(entry: ShownEntry): Node[] {
  const { event, bytes } = entry;
  if (event === null) return [small(`${sizeText(bytes)} of ciphertext`)];
  const kind = kindOf(entry) as keyof typeof bodies;
  return bodies[kind](event) ?? other(event);
}

function details({ sequence, id, time, bytes, event }: ShownEntry): HTMLElement {
  const list = make('dl', { class: 'values' });
  const fact = (name: string, text: string) =>
    list.append(make('dt', {}, name), make('dd', { class: 'wrap' }, clip(text, 2_000)));
  fact('Sequence', String(sequence));
  fact('Entry', id);
  fact('Written', Math.abs(time) <= MS_MAX ? new Date(time).toISOString() : 'unknown');
  fact('Size', sizeText(bytes));
  if (event === null) return make('div', { class: 'details' }, list);
  fact('Event', event.name);
  fact('Primary key', event.primaryKey);
  const json = make('pre', { class: 'json' }, clippedJson(event.payload));
  json.tabIndex = 0; // So that keys scroll it.
  json.setAttribute('role', 'group');
  json.setAttribute('aria-label', `Payload of entry ${sequence}`);
  const copy = button('Copy JSON', 'link', () => {
    void navigator.clipboard.writeText(jsonText(event.payload)).then(
      () => copy.replaceChildren('Copied'),
      () => copy.replaceChildren('Could not copy'),
    );
  });
  return make('div', { class: 'details' }, list, json, copy);
}

export interface RowOptions {
  isOpen(sequence: number): boolean;
  onToggle(sequence: number): void;
}

export function rowOf(entry: ShownEntry, { isOpen, onToggle }: RowOptions): HTMLElement {
  const { sequence, time, event } = entry;
  const kind = kindOf(entry);
  const row = make('article', { class: `entry ${kind}` });
  row.setAttribute('aria-labelledby', `n${sequence} t${sequence}`);
  row.setAttribute('aria-posinset', String(sequence));
  row.setAttribute('aria-setsize', '-1');
  const toggle = button('Details', 'link', () => {
    onToggle(sequence);
    show(isOpen(sequence));
  });
  toggle.id = `d${sequence}`;
  toggle.setAttribute('aria-label', `Details of entry ${sequence}`);
  const show = (open: boolean) => {
    toggle.setAttribute('aria-expanded', String(open));
    row.classList.toggle('open', open);
    if (open) row.append(details(entry));
    else row.querySelector(':scope > .details')?.remove();
  };
  const number = make('span', { class: 'aside', id: `n${sequence}` }, `#${sequence}`);
  const title = make('span', { class: 'kind', id: `t${sequence}` }, LABELS[kind]);
  const name = make('span', { class: 'name' }, event === null ? '' : clip(event.name, 80));
  row.append(
    make('div', { class: 'head' }, number, title, name, timeElement(time), toggle),
    make('div', { class: 'body' }, ...bodyOf(entry)),
  );
  show(isOpen(sequence));
  return row;
}
