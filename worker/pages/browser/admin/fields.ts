// A record as the fields of a form and as JSON text, and back. Nothing here knows the page.

import { isObject, member } from '../../../../client/documents/json.ts';
import type { Data, Json } from '../../../../client/documents/types.ts';

export type Kind = 'text' | 'number' | 'yes_no' | 'json';

/** What is typed may be no value: why, for a person. */
export type Read<Value> = { ok: true; value: Value } | { ok: false; problem: string };

const good = <Value>(value: Value): Read<Value> => ({ ok: true, value });
const bad = <Value>(problem: string): Read<Value> => ({ ok: false, problem });

export function kindOf(value: Json | undefined): Kind {
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'number';
    case 'boolean':
      return 'yes_no';
    default:
      return 'json';
  }
}

/** As it stands in an input. */
export const typedOf = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value, null, 2);

/** A number of more digits than JavaScript keeps would come out as another one. */
const isExact = (text: string): boolean => {
  const value = Number(text);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
};

const inexact = (text: string) =>
  `The number ${text} is too large to be kept exactly here: put it in quotes`;

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** JSON text as its value. */
export function readJson(text: string): Read<Json> {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    return bad(`Not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  for (const [token] of text.matchAll(STRING_OR_NUMBER)) {
    if (!token.startsWith('"') && !isExact(token)) return bad(inexact(token));
  }
  return good(value);
}

/** What stands in an input, as the value that it means. */
export function readField(kind: Kind, typed: string): Read<Json> {
  if (kind === 'text') return good(typed);
  const text = typed.trim();
  if (kind === 'yes_no') return good(text === 'true');
  if (kind === 'number' && !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
    return bad('Not a number');
  }
  if (kind === 'number' && !isExact(text)) return bad(inexact(text));
  return kind === 'number' ? good(Number(text)) : readJson(text);
}

/** A whole record's text. `id` is that of the record that is edited, undefined for a new one. */
export function readRecord(text: string, id: string | undefined): Read<Data> {
  const read = readJson(text);
  if (!read.ok) return read;
  const record = read.value;
  if (!isObject(record)) return bad('A record is a JSON object: {"id": "…"}');
  const own = member(record, 'id');
  if (id !== undefined && own !== id) {
    return bad(`The record keeps its id: ${JSON.stringify(id)}`);
  }
  if (own !== undefined && (typeof own !== 'string' || own === '')) return bad('The id is a text');
  return good(record);
}

const SAMPLE = 50;

/** The fields that records of a collection have, in the order in which they come up. */
export function usualFields(records: Data[]): { key: string; kind: Kind }[] {
  const kinds = new Map<string, Kind>();
  for (const record of records.slice(0, SAMPLE)) {
    for (const [key, value] of Object.entries(record)) {
      if (key !== 'id' && !kinds.has(key)) kinds.set(key, kindOf(value));
    }
  }
  return [...kinds].map(([key, kind]) => ({ key, kind }));
}

const BRIEF_MAX = 200;

/** In one line, for a cell. */
export function brief(value: Json | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > BRIEF_MAX ? `${text.slice(0, BRIEF_MAX)}…` : text;
}
