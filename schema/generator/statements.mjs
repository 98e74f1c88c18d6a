// The engine's SQL for one collection: projection into D1, and lists from D1 or from the space.

import { placeholder } from './declaration.mjs';
import { literal, quote } from './names.mjs';

/** A column's value out of a record's JSON data, in D1's form. */
function fromData(column, data, at) {
  if (column.from === 'stamp') return at;
  const value = `${data} ->> '$.${column.name}'`;
  let expression = `(${value})`;
  if (column.type === 'real') expression = `CAST(${value} AS REAL)`;
  if (column.type === 'json') expression = `nullif(${data} -> '$.${column.name}', 'null')`;
  if (column.type === 'time') {
    expression = `(${value}) * CASE WHEN (${value}) < 100000000000 THEN 1000 ELSE 1 END`;
  }
  if (column.fallback !== undefined) return `coalesce(${expression}, ${column.fallback})`;
  if (column.default === undefined) return expression;
  return `coalesce(${expression}, ${column.default === 'stamp' ? at : literal(column.default)})`;
}

export function projectUpsert(collection) {
  const at = "(e.value ->> '$.at')";
  const deleted = "(e.value ->> '$.deleted')";
  const { columns, hasChildren } = collection;
  const values = columns.map((column) => {
    const value = fromData(column, "e.value -> '$.d'", at);
    if (!hasChildren || !column.required) return value;
    return `CASE ${deleted} WHEN 1 THEN ${placeholder(column)} ELSE ${value} END`;
  });
  const table = quote(collection.name);
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const updates = columns.map(({ name }) => {
    const column = quote(name);
    const kept =
      `CASE WHEN excluded.deleted_at IS NULL THEN excluded.${column}` +
      ` ELSE ${table}.${column} END`;
    return `${column} = ${hasChildren ? kept : `excluded.${column}`}`;
  });
  const conditions = hasChildren ? ['true'] : [`${deleted} = 0`];
  return [
    `INSERT INTO ${table} (user_id, id, ${names}, seq, deleted_at)`,
    `SELECT ?1, e.value ->> '$.id', ${values.join(',\n  ')},`,
    `  e.value ->> '$.seq', CASE ${deleted} WHEN 1 THEN ${at} END`,
    `FROM json_each('[' || ?2 || ']') AS e WHERE ${conditions.join(' AND ')}`,
    `ON CONFLICT (user_id, id) DO UPDATE SET ${updates.join(',\n  ')},`,
    `  seq = excluded.seq, deleted_at = excluded.deleted_at WHERE excluded.seq > ${table}.seq`,
  ].join('\n');
}

function orphan({ parent }) {
  const id = `e.value ->> '$.d.${parent.column}'`;
  return (
    `((${id}) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${quote(parent.collection)} AS p ` +
    `WHERE p.user_id = ?1 AND p.id = ${id}))`
  );
}

/** Fails its batch, by an integer overflow, where a row's parent is not in D1: an orphan would
 * break the foreign key, and D1 resets a database for that. */
export const projectOrphans = (collection) =>
  collection.parent
    ? `SELECT CASE WHEN EXISTS (SELECT 1 FROM json_each('[' || ?2 || ']') AS e\n` +
      `  WHERE e.value ->> '$.deleted' = 0 AND ${orphan(collection)})\n` +
      'THEN abs(-9223372036854775808) ELSE 1 END'
    : '';

export const projectDelete = ({ name, hasChildren }) =>
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
    onShard || name === 'id' ? `r.${quote(name)}` : `(${fromData(column(name), 'r.data', at)})`;
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
    `SELECT '' AS grp, json_object('id', r.id, ${fields.join(', ')}) AS text, 0 AS seq`,
    `FROM ${onShard ? quote(collection.name) : 'records'} AS r`,
    `WHERE ${conditions.join('\n  AND ')}`,
    `ORDER BY ${value(order)}${direction}, r.id${direction} LIMIT ?2 OFFSET ?3`,
  ].join('\n');
}

export function listings(collection) {
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
