// The declared collections as C++ data (wasm/records/schema.h).

import { TYPES } from './declaration.mjs';
import { quote } from './names.mjs';
import { listings, projectDelete, projectOrphans, projectUpsert } from './statements.mjs';

const raw = (sql) => (sql ? `R"sql(${sql})sql"` : '""');
const text = (value) => JSON.stringify(value);

function cppCollection(collection, schema) {
  const { name, columns, parent, list } = collection;
  const type = (columnName) =>
    TYPES[columns.find((column) => column.name === columnName)?.type ?? 'text'].cpp; // `id` is text
  const ofRoot = ({ column, is }) => is === '=' && column === (parent ? parent.column : 'id');
  const required = ({ required, default: fallback, from }) =>
    Boolean(required && fallback === undefined && from === undefined);
  const lines = [];
  for (const column of columns.filter(({ values }) => values)) {
    lines.push(
      `constexpr std::string_view k_${name}_${column.name}[] = {` +
        `${column.values.map(text).join(', ')}};`,
    );
  }
  lines.push(`constexpr Column k_${name}_columns[] = {`);
  for (const column of columns) {
    const values = column.values ? `k_${name}_${column.name}` : '{}';
    lines.push(
      `    {${text(column.name)}, ${text(`"${column.name}":`)}, ` +
        `ColumnType::${TYPES[column.type].cpp}, ${required(column)}, ` +
        `${column.from === 'stamp'}, ${values}},`,
    );
  }
  lines.push('};');
  if (list.filters.length > 0) {
    lines.push(`constexpr Filter k_${name}_filters[] = {`);
    for (const filter of list.filters) {
      lines.push(
        `    {${text(filter.param)}, ColumnType::${type(filter.column)}, ${ofRoot(filter)}},`,
      );
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

/** The definition of a function that returns the schema. */
export function cpp(schema, functionName) {
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
