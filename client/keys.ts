// The key of a record on a device: `OWNER COLLECTION ID`, where OWNER is empty for the user's own.
// Neither an owner nor a collection's name has a space; an id may.

export interface RecordName {
  collection: string;
  id: string;
  owner: string;
}

export const keyOf = (collection: string, id: string, owner = ''): string =>
  `${owner} ${collection} ${id}`;

export function nameOf(key: string): RecordName {
  const first = key.indexOf(' ');
  const second = key.indexOf(' ', first + 1);
  return {
    owner: key.slice(0, first),
    collection: key.slice(first + 1, second),
    id: key.slice(second + 1),
  };
}

export function collectionOf(key: string): string {
  const first = key.indexOf(' ');
  return key.slice(first + 1, key.indexOf(' ', first + 1));
}
