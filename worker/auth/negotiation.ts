// Who asks: a person's browser, or a program that wants JSON. Programs often say nothing of what
// they take; browsers always say that they are browsers.

const PREFETCH = /\b(prefetch|prerender|preview)\b/i;

/** Whether a page is the answer: to a browser, to what fetches pages ahead of it, and to what gives
 * itself out as one. */
export function asksForPage({ headers }: Request): boolean {
  const header = (name: string) => headers.get(name) ?? '';
  const accept = header('accept');
  return (
    /\btext\/html\b/i.test(accept) ||
    header('sec-fetch-mode') === 'navigate' ||
    ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) => PREFETCH.test(header(name))) ||
    (/^Mozilla\//.test(header('user-agent')) && !/\bapplication\/json\b/i.test(accept))
  );
}
