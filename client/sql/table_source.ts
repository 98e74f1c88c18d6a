// Where an isolate has its slot table from: KV, once, and the coordinator whenever a shard said
// that a slot is not there. What KV shows may be an old table, or none.

import type { Settings } from './config.ts';
import { type CoordinatorLink, told } from './coordinator_link.ts';
import { messageOf } from './errors.ts';
import { SLOT_TABLE_NAME, SlotTable, type SlotTableText } from './slot_table.ts';
import type { CoordinatorNamespace } from './types.ts';

/** What an isolate knows, by coordinator: routers of one coordinator share it. */
interface Known {
  table?: SlotTable | undefined;
  asking?: Promise<SlotTable> | undefined;
}

const known_by = new WeakMap<CoordinatorNamespace, Known>();

export class TableSource {
  readonly #settings: Settings;
  readonly #link: CoordinatorLink;
  readonly #known: Known;

  constructor(settings: Settings, coordinator: CoordinatorNamespace, link: CoordinatorLink) {
    this.#settings = settings;
    this.#link = link;
    this.#known = known_by.get(coordinator) ?? {};
    known_by.set(coordinator, this.#known);
  }

  /** The table, without a question where there is one. */
  get known(): SlotTable | undefined {
    return this.#known.table;
  }

  current(): Promise<SlotTable> {
    const { table } = this.#known;
    if (table !== undefined) return Promise.resolve(table);
    return this.#once(async () => (await this.#copy()) ?? (await this.#made()));
  }

  /** The coordinator's, after `table` was found to be wrong; it may be the same still, while a slot
   * is on its way. */
  newer(table: SlotTable): Promise<SlotTable> {
    const { table: known } = this.#known;
    if (known !== undefined && known !== table) return Promise.resolve(known);
    return this.#once(async () => {
      const answer = await told(this.#link.slots(table.version));
      return answer.table === undefined ? table : this.#keep(answer.table);
    });
  }

  /** Forgets it, after the coordinator was told of a change. */
  forget(): void {
    this.#known.table = undefined;
  }

  /** Of those who ask at a time the first asks for all. */
  #once(ask: () => Promise<SlotTable>): Promise<SlotTable> {
    this.#known.asking ??= ask()
      .then((table) => {
        this.#known.table = table;
        return table;
      })
      .finally(() => {
        this.#known.asking = undefined;
      });
    return this.#known.asking;
  }

  async #copy(): Promise<SlotTable | undefined> {
    try {
      const text = await this.#settings.kv?.get(SLOT_TABLE_NAME);
      return text ? new SlotTable(JSON.parse(text) as SlotTableText) : undefined;
    } catch (error) {
      console.warn('KV has no slot table that can be read:', messageOf(error));
      return undefined;
    }
  }

  /** The coordinator's table; the first who asks has it made. */
  async #made(): Promise<SlotTable> {
    const { names, routes } = this.#settings;
    return this.#keep(await told(this.#link.makeSlots(names, routes)));
  }

  async #keep(text: SlotTableText): Promise<SlotTable> {
    const table = new SlotTable(text);
    // A copy that fails to be written is written by the next isolate.
    await this.#settings.kv?.put(SLOT_TABLE_NAME, JSON.stringify(text)).catch((error: unknown) => {
      console.warn('KV did not take the slot table:', messageOf(error));
    });
    return table;
  }
}
