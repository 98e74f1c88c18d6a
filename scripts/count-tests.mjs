// Adds up test results (JUnit from ctest, JSON from vitest) and prints one line of totals.
// A report that is missing or empty, or that failed without a failed test, counts as one failure.

import { readFileSync } from 'node:fs';

/** ctest counts disabled tests as skipped. */
function readJunit(text) {
  const suite = /<testsuite\b[^>]*>/.exec(text)?.[0] ?? '';
  const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const [tests, failures] = [count('tests'), count('failures')];
  const skipped = count('skipped') + count('disabled');
  return { passed: tests - failures - skipped, failed: tests ? failures : 1, skipped };
}

function readVitest(text) {
  const report = JSON.parse(text);
  const failed = report.numFailedTests;
  return {
    passed: report.numPassedTests,
    failed: report.success ? failed : Math.max(failed, 1),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function readResults(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return path.endsWith('.xml') ? readJunit(text) : readVitest(text);
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const all = process.argv.slice(2).map(readResults);
const sum = (name) => all.reduce((total, one) => total + one[name], 0);
const skipped = sum('skipped') ? `, ${sum('skipped')} skipped` : '';
console.log(`Tidemark: ${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exit(sum('failed') || !sum('passed') ? 1 : 0);
