// The declaration of collections: read, checked, and put in order.

import { literal } from './names.mjs';

/** Column types: in SQL, in C++, and what stands for a value that is not known. */
export const TYPES = {
  text: { sql: 'TEXT', cpp: 'kText', placeholder: "''" },
  integer: { sql: 'INTEGER', cpp: 'kInteger', placeholder: '0' },
  real: { sql: 'REAL', cpp: 'kReal', placeholder: '0' },
  time: { sql: 'INTEGER', cpp: 'kTime', placeholder: '0' },
  boolean: { sql: 'INTEGER', cpp: 'kBoolean', placeholder: '0' },
  json: { sql: 'TEXT', cpp: 'kJson', placeholder: "'null'" },
};
const OPERATORS = ['=', '<=', '>='];
const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const OWN_COLUMNS = ['user_id', 'id', 'seq', 'deleted_at'];
// Keys of a request or an answer, and first segments of routes.
const RESERVED = [
  ...['cursor', 'limit', 'deleted_ids', 'has_more', 'reset', 'reset_reason', 'server_time'],
  ...[
    'rejected',
    'conflicts',
    'api',
    'auth',
    'admin',
    'health',
    'history',
    'sync',
    'stats',
    'user',
  ],
];
const COLUMNS_MAX = 60; // json_object takes two arguments a column, and SQLite 127
const FILTERS_MAX = 3; // a statement for each subset

/** Reads and checks a declaration; throws with the mistake's place. Parents come first. */
export function readSchema(text) {
  const declared = JSON.parse(text).collections;
  const fail = (place, what) => {
    throw new Error(`collections.json: ${place}: ${what}`);
  };
  if (!Array.isArray(declared) || declared.length === 0) fail('collections', 'an array is needed');
  const byName = new Map();
  for (const collection of declared) {
    if (!NAME.test(collection.name ?? '')) fail(collection.name, 'not a name');
    if (byName.has(collection.name)) fail(collection.name, 'declared twice');
    if (RESERVED.includes(collection.name)) fail(collection.name, 'reserved');
    byName.set(collection.name, collection);
    checkColumns(collection, fail);
  }
  for (const collection of declared) checkReferences(collection, byName, fail);
  return parentsFirst(declared, byName, fail);
}

function checkColumns(collection, fail) {
  const names = new Set(OWN_COLUMNS);
  const place = collection.name;
  if (!['record', 'fields', undefined].includes(collection.merge))
    fail(place, 'unknown merge rule');
  if (collection.columns.length > COLUMNS_MAX) fail(place, `more than ${COLUMNS_MAX} columns`);
  for (const column of collection.columns) {
    if (!NAME.test(column.name ?? '')) fail(`${place}.${column.name}`, 'not a name');
    if (names.has(column.name)) fail(`${place}.${column.name}`, 'declared twice, or reserved');
    if (!TYPES[column.type]) fail(`${place}.${column.name}`, `unknown type ${column.type}`);
    if (column.values && column.type !== 'text')
      fail(`${place}.${column.name}`, 'values need text');
    names.add(column.name);
  }
}

function checkReferences(collection, byName, fail) {
  const column = (name) => collection.columns.find((candidate) => candidate.name === name);
  const { parent, list, name } = collection;
  if (parent && !byName.has(parent.collection)) fail(name, `unknown parent ${parent.collection}`);
  if (parent && column(parent.column)?.type !== 'text')
    fail(name, 'the parent column must be text');
  if (!column(list?.order)?.required) fail(name, 'list.order must be a required column');
  if (list.filters.length > FILTERS_MAX) fail(name, `more than ${FILTERS_MAX} filters`);
  for (const filter of list.filters) {
    if (filter.column !== 'id' && !column(filter.column))
      fail(name, `unknown filter column ${filter.column}`);
    if (!OPERATORS.includes(filter.is)) fail(name, `unknown operator ${filter.is}`);
  }
  for (const index of collection.indexes ?? []) {
    if (!NAME.test(index.name)) fail(name, 'not an index name');
    for (const part of index.columns) if (!column(part)) fail(name, `unknown column ${part}`);
  }
}

function parentsFirst(declared, byName, fail) {
  const ordered = [];
  const visit = (collection, path) => {
    if (ordered.includes(collection)) return;
    if (path.includes(collection)) fail(collection.name, 'is its own ancestor');
    const parent = collection.parent && byName.get(collection.parent.collection);
    if (parent) visit(parent, [...path, collection]);
    ordered.push(collection);
  };
  for (const collection of declared) visit(collection, []);
  return ordered.map((collection) => ({
    ...collection,
    columns: collection.columns.map((column) => ({
      ...column,
      fallback: fallback(collection, column),
    })),
    hasChildren: declared.some((other) => other.parent?.collection === collection.name),
  }));
}

/** What D1 holds for a required value that is not there. A merge by field can leave one out:
 * a deletion takes the older fields of a record, and newer ones outlive it. */
function fallback({ merge }, column) {
  if (merge !== 'fields' || !column.required || column.default !== undefined) return undefined;
  return placeholder(column);
}

/** A value that satisfies a column's type and checks, as SQL. */
export function placeholder({ default: fallback, values, type }) {
  if (fallback !== undefined && fallback !== 'stamp') return literal(fallback);
  return values ? literal(values[0]) : TYPES[type].placeholder;
}
