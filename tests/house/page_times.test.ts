// The page at / shows what others share with its user: no time in it may keep the rest from view.

import { expect, it } from 'vitest';
import { inMs, shownTime } from '../../worker/pages/browser/times.ts';

it('a time is shown alike in seconds and in milliseconds', () => {
  expect(shownTime(1_795_000_000)).toBe(shownTime(1_795_000_000_000));
  expect(shownTime(1_795_000_000)).toContain('2026');
  expect(inMs(99_999_999_999)).toBe(99_999_999_999_000);
});

it.each([
  9_007_199_254_740_991,
  8_640_000_000_000_001,
  -9e15,
  Number.NaN,
  Number.POSITIVE_INFINITY,
])('a time that no date can be, %d, is unknown', (time) =>
  expect(shownTime(time)).toBe('unknown time'),
);

it('the last time that a date can be is shown', () => {
  expect(shownTime(8_640_000_000_000_000)).toContain('275760');
});
