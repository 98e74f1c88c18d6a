// Generates what the declared collections mean, from schema/collections.json:
//
//   generate-schema.mjs --cpp OUT SCHEMA [FUNCTION]   C++ data and SQL for the engine
//   generate-schema.mjs --migrate DIR SCHEMA          the next D1 migration of the shards, if the
//                                                     declaration has something DIR's do not
//
// The declaration is checked first; a mistake in it is reported by name and nothing is written.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const TYPES = {
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
const OWN_KEYS = ['cursor', 'limit', 'deleted_ids', 'has_more', 'reset', 'rejected', 'conflicts'];
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
    if (OWN_KEYS.includes(collection.name)) fail(collection.name, 'reserved');
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
    if (!column(filter.column)) fail(name, `unknown filter column ${filter.column}`);
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
    hasChildren: declared.some((other) => other.parent?.collection === collection.name),
  }));
}

const quote = (name) => `"${name}"`;
const literal = (value) =>
  typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;

// --- D1 tables ---------------------------------------------------------------------------------

function columnDefinition(column) {
  const parts = [quote(column.name), TYPES[column.type].sql];
  if (column.required) parts.push('NOT NULL');
  if (column.default !== undefined && column.default !== 'stamp') {
    parts.push(`DEFAULT ${literal(column.default)}`);
  }
  if (column.type === 'boolean') parts.push(`CHECK (${quote(column.name)} IN (0, 1))`);
  if (column.type === 'json') parts.push(`CHECK (json_valid(${quote(column.name)}))`);
  if (column.values) {
    parts.push(`CHECK (${quote(column.name)} IN (${column.values.map(literal).join(', ')}))`);
  }
  return parts.join(' ');
}

function createTable(collection) {
  const lines = [
    'id TEXT NOT NULL',
    'user_id TEXT NOT NULL',
    ...collection.columns.map(columnDefinition),
    'seq INTEGER NOT NULL',
    'deleted_at INTEGER',
    'PRIMARY KEY (user_id, id)',
  ];
  if (collection.parent) {
    const { column, collection: parent } = collection.parent;
    lines.push(`FOREIGN KEY (user_id, ${quote(column)}) REFERENCES ${quote(parent)} (user_id, id)`);
  }
  const body = lines.map((line) => `  ${line}`).join(',\n');
  return `CREATE TABLE ${quote(collection.name)} (\n${body}\n) STRICT, WITHOUT ROWID;\n`;
}

const createIndex = (collection, index) =>
  `CREATE INDEX ${quote(index.name)} ON ${quote(collection.name)} ` +
  `(${['user_id', ...index.columns.map(quote)].join(', ')});\n`;

async function migrate(directory, schema) {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(':memory:');
  mkdirSync(directory, { recursive: true });
  const files = readdirSync(directory)
    .filter((file) => /^\d{4}_.*\.sql$/.test(file))
    .sort();
  for (const file of files) database.exec(readFileSync(join(directory, file), 'utf8'));
  const names = (query, ...args) =>
    database
      .prepare(query)
      .all(...args)
      .map((row) => row.name);
  const tables = names("SELECT name FROM sqlite_schema WHERE type = 'table'");
  const indexes = names("SELECT name FROM sqlite_schema WHERE type = 'index'");
  const wanted = [];
  for (const collection of schema) {
    if (!tables.includes(collection.name)) {
      wanted.push(createTable(collection));
    } else {
      const have = names('SELECT name FROM pragma_table_info(?)', collection.name);
      for (const column of collection.columns) {
        if (have.includes(column.name)) continue;
        if (column.required && column.default === undefined) {
          throw new Error(
            `${collection.name}.${column.name}: a new required column needs a default`,
          );
        }
        wanted.push(
          `ALTER TABLE ${quote(collection.name)} ADD COLUMN ${columnDefinition(column)};\n`,
        );
      }
    }
    for (const index of collection.indexes ?? []) {
      if (!indexes.includes(index.name)) wanted.push(createIndex(collection, index));
    }
  }
  if (wanted.length === 0) return;
  const sql = wanted.join('\n');
  database.exec(sql);
  const number = String(files.length + 1).padStart(4, '0');
  const file = join(directory, `${number}_collections.sql`);
  const head = `-- Generated from schema/collections.json; applied once, so never edited.\n\n`;
  writeFileSync(file, head + sql);
  console.log(`wrote ${file}`);
}

// --- SQL for the engine ------------------------------------------------------------------------

/** A column's value out of a record's JSON data, in D1's form. */
function fromData(column, data, at) {
  if (column.from === 'stamp') return at;
  const value = `${data} ->> '$.${column.name}'`;
  let expression = `(${value})`;
  if (column.type === 'json') expression = `nullif(${data} -> '$.${column.name}', 'null')`;
  if (column.type === 'time') {
    expression = `(${value}) * CASE WHEN (${value}) < 100000000000 THEN 1000 ELSE 1 END`;
  }
  if (column.default === undefined) return expression;
  return `coalesce(${expression}, ${column.default === 'stamp' ? at : literal(column.default)})`;
}

function projectUpsert(collection) {
  const at = "(e.value ->> '$.at')";
  const deleted = "(e.value ->> '$.deleted')";
  const { columns, hasChildren, parent } = collection;
  const placeholder = (column) => literalOrPlaceholder(column);
  const values = columns.map((column) => {
    const value = fromData(column, "e.value -> '$.d'", at);
    if (!hasChildren || !column.required) return value;
    return `CASE ${deleted} WHEN 1 THEN ${placeholder(column)} ELSE ${value} END`;
  });
  const table = quote(collection.name);
  const updates = columns.map(({ name }) => {
    const column = quote(name);
    const kept = `CASE WHEN excluded.deleted_at IS NULL THEN excluded.${column} ELSE ${table}.${column} END`;
    return `${column} = ${hasChildren ? kept : `excluded.${column}`}`;
  });
  const conditions = hasChildren ? ['true'] : [`${deleted} = 0`];
  if (parent) conditions.push(`NOT ${orphan(collection)}`);
  return [
    `INSERT INTO ${table} (user_id, id, ${columns.map(({ name }) => quote(name)).join(', ')}, seq, deleted_at)`,
    `SELECT ?1, e.value ->> '$.id', ${values.join(',\n  ')},`,
    `  e.value ->> '$.seq', CASE ${deleted} WHEN 1 THEN ${at} END`,
    `FROM json_each('[' || ?2 || ']') AS e WHERE ${conditions.join(' AND ')}`,
    `ON CONFLICT (user_id, id) DO UPDATE SET ${updates.join(',\n  ')},`,
    `  seq = excluded.seq, deleted_at = excluded.deleted_at WHERE excluded.seq > ${table}.seq`,
  ].join('\n');
}

function literalOrPlaceholder(column) {
  if (column.default !== undefined && column.default !== 'stamp') return literal(column.default);
  return column.values ? literal(column.values[0]) : TYPES[column.type].placeholder;
}

function orphan({ parent }) {
  const id = `e.value ->> '$.d.${parent.column}'`;
  return (
    `((${id}) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${quote(parent.collection)} AS p ` +
    `WHERE p.user_id = ?1 AND p.id = ${id}))`
  );
}

const projectOrphans = (collection) =>
  collection.parent
    ? `SELECT e.value ->> '$.id' FROM json_each('[' || ?2 || ']') AS e\n` +
      `WHERE e.value ->> '$.deleted' = 0 AND ${orphan(collection)} AND ?1 <> ''`
    : '';

const projectDelete = ({ name, hasChildren }) =>
  hasChildren
    ? ''
    : `DELETE FROM ${quote(name)} WHERE user_id = ?1 AND id IN (SELECT e.value ->> '$.id'\n` +
      `  FROM json_each('[' || ?2 || ']') AS e WHERE e.value ->> '$.deleted' = 1)`;

const answered = (column, value) => {
  if (column.type === 'json') return `json(${value})`;
  if (column.type === 'boolean') {
    return `json(CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)`;
  }
  return value;
};

function listing(collection, filters, keyset, side) {
  const onShard = side === 'shard';
  const at = 'r.updated_at';
  const column = (name) => collection.columns.find((candidate) => candidate.name === name);
  const value = (name) =>
    onShard ? `r.${quote(name)}` : `(${fromData(column(name), 'r.data', at)})`;
  const { order, descending } = collection.list;
  const fields = collection.columns.map(
    (one) => `'${one.name}', ${answered(one, value(one.name))}`,
  );
  const { parent } = collection;
  const conditions = onShard
    ? ['r.user_id = ?1', 'r.deleted_at IS NULL']
    : [`r.collection = '${collection.name}'`, 'r.deleted = 0'];
  if (parent && onShard) {
    conditions.push(
      `NOT EXISTS (SELECT 1 FROM ${quote(parent.collection)} AS p WHERE p.user_id = ?1` +
        ` AND p.id = r.${quote(parent.column)} AND p.deleted_at IS NOT NULL)`,
    );
  } else if (parent) {
    conditions.push(
      `NOT EXISTS (SELECT 1 FROM records AS p WHERE p.collection = '${parent.collection}'` +
        ' AND p.id = r.parent AND p.deleted = 1)',
    );
  }
  let next = 4;
  for (const filter of filters) {
    conditions.push(`${value(filter.column)} ${filter.is} ?${next}`);
    next += 1;
  }
  const direction = descending ? ' DESC' : '';
  if (keyset) {
    conditions.push(`(${value(order)}, r.id) ${descending ? '<' : '>'} (?${next}, ?${next + 1})`);
  }
  return [
    `SELECT '', json_object('id', r.id, ${fields.join(', ')}), 0`,
    `FROM ${onShard ? quote(collection.name) : 'records'} AS r WHERE ${conditions.join('\n  AND ')}`,
    `ORDER BY ${value(order)}${direction}, r.id${direction} LIMIT ?2 OFFSET ?3`,
  ].join('\n');
}

function listings(collection) {
  const { filters } = collection.list;
  const all = [];
  for (let mask = 0; mask < 1 << filters.length; mask += 1) {
    const chosen = filters.filter((_, bit) => mask & (1 << bit));
    for (const keyset of [false, true]) {
      const [shard, owner] = ['shard', 'owner'].map((side) =>
        listing(collection, chosen, keyset, side),
      );
      all.push({ mask, keyset, shard, owner });
    }
  }
  return all;
}

// --- C++ -----------------------------------------------------------------------------------------

const raw = (sql) => (sql ? `R"sql(${sql})sql"` : '""');
const text = (value) => JSON.stringify(value);

function cppCollection(collection, schema) {
  const { name, columns, parent, list } = collection;
  const type = (columnName) => TYPES[columns.find((column) => column.name === columnName).type].cpp;
  const required = ({ required, default: fallback, from }) =>
    Boolean(required && fallback === undefined && from === undefined);
  const lines = [];
  for (const column of columns.filter(({ values }) => values)) {
    lines.push(
      `constexpr std::string_view k_${name}_${column.name}[] = {${column.values.map(text).join(', ')}};`,
    );
  }
  lines.push(`constexpr Column k_${name}_columns[] = {`);
  for (const column of columns) {
    const values = column.values ? `k_${name}_${column.name}` : '{}';
    lines.push(
      `    {${text(column.name)}, ColumnType::${TYPES[column.type].cpp}, ${required(column)}, ` +
        `${column.from === 'stamp'}, ${values}},`,
    );
  }
  lines.push('};');
  if (list.filters.length > 0) {
    lines.push(`constexpr Filter k_${name}_filters[] = {`);
    for (const filter of list.filters) {
      lines.push(`    {${text(filter.param)}, ColumnType::${type(filter.column)}},`);
    }
    lines.push('};');
  }
  lines.push(`constexpr Listing k_${name}_listings[] = {`);
  for (const { mask, keyset, shard, owner } of listings(collection)) {
    lines.push(`    {${mask}, ${keyset}, ${raw(shard)},\n     ${raw(owner)}},`);
  }
  lines.push('};');
  const parentIndex = parent ? schema.findIndex((other) => other.name === parent.collection) : -1;
  const parentColumn = parent ? columns.findIndex((column) => column.name === parent.column) : -1;
  const entry = [
    text(name),
    `MergeRule::${collection.merge === 'fields' ? 'kFields' : 'kRecord'}`,
    `k_${name}_columns`,
    parentIndex,
    parentColumn,
    collection.hasChildren,
    list.filters.length > 0 ? `k_${name}_filters` : '{}',
    text(list.order),
    `ColumnType::${type(list.order)}`,
    `k_${name}_listings`,
    raw(projectUpsert(collection)),
    raw(projectDelete(collection)),
    raw(projectOrphans(collection)),
    raw(`DELETE FROM ${quote(name)} WHERE user_id = ?1`),
  ];
  return { definitions: lines.join('\n'), entry: `    {${entry.join(',\n     ')}},` };
}

function cpp(schema, functionName) {
  const parts = schema.map((collection) => cppCollection(collection, schema));
  return [
    '// Generated from schema/collections.json by scripts/generate-schema.mjs.',
    '',
    '#include "records/schema.h"',
    '',
    'namespace tidemark {',
    `const Schema& ${functionName}();`,
    'namespace {',
    '',
    ...parts.map(({ definitions }) => `${definitions}\n`),
    'constexpr Collection kCollections[] = {',
    ...parts.map(({ entry }) => entry),
    '};',
    '',
    '}  // namespace',
    '',
    `const Schema& ${functionName}() {`,
    '  static constexpr Schema schema{kCollections};',
    '  return schema;',
    '}',
    '',
    '}  // namespace tidemark',
    '',
  ].join('\n');
}

async function main([mode, target, source, functionName = 'DeclaredSchema']) {
  const schema = readSchema(readFileSync(source, 'utf8'));
  if (mode === '--cpp') {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, cpp(schema, functionName));
  } else if (mode === '--migrate') {
    await migrate(target, schema);
  } else {
    throw new Error(
      'usage: generate-schema.mjs --cpp OUT SCHEMA [FUNCTION] | --migrate DIR SCHEMA',
    );
  }
}

if (import.meta.filename === process.argv[1]) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
