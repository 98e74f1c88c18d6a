// What went wrong, in words for a person. A code that is not here has the server's own message.

const WORDS: Record<string, string> = {
  forbidden: 'You may look at this document, but not change it. An editor or an admin may.',
  unauthorized: 'You are signed out. Sign in again: what waits here is kept.',
  invalid_token: 'You are signed out. Sign in again: what waits here is kept.',
  empty_write_denied: 'The server keeps the last record, unless you say that it shall go.',
  large_delete_denied: 'The server keeps nearly all the records from going at once.',
};

export function wordsOf(code: string, message: string): string {
  return Object.hasOwn(WORDS, code) ? (WORDS[code] ?? message) : message;
}

export function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return wordsOf(code, error.message);
}
