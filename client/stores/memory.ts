// A store in memory: for tests, and for apps that need nothing kept. `memoryStore()` is a place;
// opened several times, its holders share it as tabs share a database.

import {
  type News,
  StaleStore,
  type Store,
  type StoreOpener,
  type TableName,
  tables,
  type Write,
} from './store.ts';

export function memoryStore(): StoreOpener {
  const rows = new Map(tables.map((table) => [table, new Map<string, string>()]));
  const of = (table: TableName) => rows.get(table) as Map<string, string>;
  const watchers = new Set<(news: News) => void>();
  const candidates: ((alone: boolean) => void)[] = [];
  let version = 0;

  function commit(write: Write): void {
    // Everything that may throw comes before the first change.
    const texts = write.put.map(
      ([table, key, value]) => [table, key, JSON.stringify(value)] as const,
    );
    for (const table of write.clear) of(table).clear();
    for (const [table, key] of write.delete) of(table).delete(key);
    for (const [table, key, text] of texts) of(table).set(key, text);
    version += 1;
  }

  function open(): Store {
    let own: ((news: News) => void) | undefined;
    const tell = (news: News) => {
      for (const heard of watchers) if (heard !== own) heard(structuredClone(news));
    };
    return {
      load: async () => ({
        version,
        rows: tables
          .flatMap((table) =>
            [...of(table)].map(([key, text]) => [table, key, JSON.parse(text)] as const),
          )
          .map(([table, key, value]) => [table, key, value]),
      }),
      commit: async (write, known) => {
        if (known !== version) throw new StaleStore();
        commit(write);
        const made = version;
        tell({ write, version: made });
        return made;
      },
      close: async () => {},
      watch: (heard) => {
        own = heard;
        watchers.add(heard);
        return () => watchers.delete(heard);
      },
      say: (said) => tell({ said }),
      lead: (begin) => {
        candidates.push(begin);
        if (candidates[0] === begin) begin(true);
        return () => {
          const led = candidates[0] === begin;
          candidates.splice(candidates.indexOf(begin), 1);
          if (led) candidates[0]?.(true);
        };
      },
    };
  }
  return async () => open();
}
