// Times as the page shows them. What is stored may be any number.

const MS_MAX = 8_640_000_000_000_000; // The last that a Date can be.

/** Times of Samedi's first clients are in seconds. */
export const inMs = (time: number) => (time < 100_000_000_000 ? time * 1000 : time);

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function shownTime(time: number): string {
  const ms = inMs(time);
  return Math.abs(ms) <= MS_MAX ? dates.format(ms) : 'unknown time';
}
