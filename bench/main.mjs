// npm run bench -- SUITE [PART...] [--quick] [--json]
//
// Prints a table: a figure's name, its value, its bar, whether it holds, and the absolute numbers.
// `--json` prints one flat object of numbers instead. Exits 1 if a bar does not hold.

import { parseArgs } from 'node:util';

const suites = {
  documents: './documents/suite.mjs',
  events: './events/suite.mjs',
  live: './live/suite.mjs',
  records: './records/suite.mjs',
  sql: './sql/suite.mjs',
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
});
const [suite, ...only] = positionals;
if (!Object.hasOwn(suites, suite ?? '')) {
  console.error(`usage: npm run bench -- ${Object.keys(suites).join('|')} [PART...]`);
  process.exit(2);
}

function holds({ value, bar }) {
  if (bar === undefined) return true;
  return value >= (bar.min ?? -Infinity) && value <= (bar.max ?? Infinity);
}

function barText(bar) {
  if (bar === undefined) return '';
  return bar.min === undefined ? `≤ ${bar.max}` : `≥ ${bar.min}`;
}

function printRow(figure) {
  const verdict = figure.bar === undefined ? '' : holds(figure) ? 'ok' : 'over';
  const cells = [
    figure.name.padEnd(44),
    String(figure.value).padStart(10),
    barText(figure.bar).padStart(12),
    verdict.padStart(5),
    `  ${figure.detail ?? ''}`,
  ];
  console.log(cells.join(' ').trimEnd());
}

const numbers = {};
let over = false;
const { run } = await import(suites[suite]);
for await (const figure of run({ quick: values.quick === true, only })) {
  over ||= !holds(figure);
  numbers[figure.name] = figure.value;
  for (const [name, value] of Object.entries(figure.numbers ?? {})) {
    numbers[`${figure.name}.${name}`] = value;
  }
  if (!values.json) printRow(figure);
}
if (values.json) console.log(JSON.stringify(numbers, null, 2));
process.exit(over ? 1 : 0);
