// D1 tables of the declared collections, and the migration from what earlier migrations made.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPES } from './declaration.mjs';
import { literal, quote } from './names.mjs';

function columnDefinition(column) {
  const parts = [quote(column.name), TYPES[column.type].sql];
  if (column.required) parts.push('NOT NULL');
  if (column.default !== undefined && column.default !== 'stamp') {
    parts.push(`DEFAULT ${literal(column.default)}`);
  }
  if (column.type === 'boolean') parts.push(`CHECK (${quote(column.name)} IN (0, 1))`);
  if (column.type === 'json') {
    // Before SQLite 3.45 json_valid(NULL) is 0, and not NULL.
    parts.push(`CHECK (${quote(column.name)} IS NULL OR json_valid(${quote(column.name)}))`);
  }
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

/** Writes the next migration into a folder, if the declaration has what those in it do not.
 * Returns its path then. */
export async function migrate(directory, schema) {
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
        if (column.required && [undefined, 'stamp'].includes(column.default)) {
          throw new Error(
            `${collection.name}.${column.name}: a new required column needs a default value`,
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
  if (wanted.length === 0) return undefined;
  const sql = wanted.join('\n');
  database.exec(sql);
  const number = String(files.length + 1).padStart(4, '0');
  const file = join(directory, `${number}_collections.sql`);
  const head = `-- Generated from schema/collections.json; applied once, so never edited.\n\n`;
  writeFileSync(file, head + sql);
  return file;
}
