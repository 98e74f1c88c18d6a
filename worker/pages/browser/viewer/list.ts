// The list of entries: all of them by its height, of which only those in view, and some around
// them, are elements. Each stands at its own offset; a height is a guess until the row was drawn.
//
// Rule 1: what a person looks at stays where it is, whatever comes before or after it.
// Rule 2: at the end the list follows. Nobody but a person leaves the end.
// Rule 3: the row that has the focus stays an element, wherever the view goes.

import type { ShownEntry } from './entry.ts';
import { Offsets } from './offsets.ts';

/** Elements at any time, however high the window is. */
const ROWS_MAX = 300;
/** Drawn above and below the view. */
const AROUND_PX = 600;
/** As near to the end as this is at the end. */
const END_PX = 24;
/** Measured rows move others into the view: so often it is looked again. */
const PASSES = 4;

export interface ListOptions {
  /** What scrolls, and within it what holds the rows. */
  scroller: HTMLElement;
  holder: HTMLElement;
  guess(entry: ShownEntry): number;
  make(entry: ShownEntry): HTMLElement;
  /** It is at the end now, or has left it. */
  onEnd(atEnd: boolean): void;
}

interface Row {
  element: HTMLElement;
  index: number;
}

interface Grown {
  before: number;
  after: number;
}

export class List {
  readonly #options: ListOptions;
  readonly #rows = new Map<number, Row>();
  readonly #rowOf = new WeakMap<Node, Row>();
  readonly #sizes: ResizeObserver;
  #entries: readonly ShownEntry[] = [];
  #offsets = new Offsets();
  #atEnd = true;
  /** Where the view was last: who scrolls up comes to less than that. */
  #lastTop = 0;
  /** The sequence of the row that has the focus, or had it. */
  #current = 0;
  #frame = 0;

  constructor(options: ListOptions) {
    this.#options = options;
    const { scroller, holder } = options;
    this.#sizes = new ResizeObserver(() => this.#schedule());
    this.#sizes.observe(scroller);
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    scroller.addEventListener('keydown', (event) => this.#pressed(event));
    holder.addEventListener('focusin', ({ target }) => {
      for (const [sequence, { element }] of this.#rows) {
        if (element.contains(target as Node)) this.#current = sequence;
      }
    });
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Other entries than before. */
  reset(entries: readonly ShownEntry[]): void {
    const anchor = this.#anchor();
    this.#entries = entries;
    this.#offsets = new Offsets(entries.map(this.#options.guess));
    for (const { element } of this.#rows.values()) this.#drop(element);
    this.#rows.clear();
    this.#resize();
    if (anchor !== undefined && !this.#atEnd) {
      this.#scrollTo(this.#offsets.of(this.#indexOf(anchor.sequence)) + anchor.within);
    }
    this.#draw();
  }

  /** The same entries, with some more before or after them. */
  grown(entries: readonly ShownEntry[], { before, after }: Grown): void {
    const top = this.#top();
    const added = entries.slice(0, before).map(this.#options.guess);
    this.#entries = entries;
    if (before > 0) this.#offsets.unshift(added);
    for (const entry of entries.slice(entries.length - after)) {
      this.#offsets.push(this.#options.guess(entry));
    }
    for (const row of this.#rows.values()) row.index += before;
    this.#resize();
    if (before > 0 && !this.#atEnd) this.#scrollTo(top + this.#offsets.of(before));
    this.#schedule();
  }

  /** Stays where it is, though more may come. */
  hold(): void {
    this.#follow(false);
  }

  /** Brings what can be seen of an entry into the view. */
  reveal(sequence: number): void {
    const index = this.#indexOf(sequence);
    for (let pass = 0; pass < PASSES; pass += 1) {
      this.#draw();
      this.#bring(index);
    }
    this.#draw();
  }

  toEnd(): void {
    this.#follow(true);
    this.#draw();
  }

  #follow(atEnd: boolean): void {
    if (this.#atEnd === atEnd) return;
    this.#atEnd = atEnd;
    this.#options.onEnd(atEnd);
  }

  /** The offset within the rows that is at the upper edge of the view. */
  #top(): number {
    const { scroller, holder } = this.#options;
    return scroller.scrollTop - holder.offsetTop;
  }

  #scrollTo(top: number): void {
    this.#setScroll(top + this.#options.holder.offsetTop);
  }

  #setScroll(scrollTop: number): void {
    const { scroller } = this.#options;
    scroller.scrollTop = scrollTop;
    this.#lastTop = scroller.scrollTop;
  }

  #resize(): void {
    this.#options.holder.style.height = `${this.#offsets.total}px`;
  }

  /** A row that is seen from its beginning, or else the one at the upper edge of the view, and how
   * far above the edge it begins. The row that the edge cuts may turn out higher than thought. */
  #anchor(): { sequence: number; within: number } | undefined {
    const top = this.#top();
    const cut = this.#offsets.at(top);
    const next = this.#offsets.of(cut + 1);
    const isNextSeen =
      next < Math.min(top + this.#options.scroller.clientHeight, this.#offsets.total);
    const index = this.#offsets.of(cut) < top && isNextSeen ? cut + 1 : cut;
    const entry = this.#entries[index];
    return entry && { sequence: entry.sequence, within: top - this.#offsets.of(index) };
  }

  /** The place of a sequence, or of the next one. */
  #indexOf(sequence: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.sequence ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#options.scroller;
    const below = scrollHeight - clientHeight - scrollTop;
    // What grows below leaves the view where it is; only a person goes up.
    if (scrollTop < this.#lastTop && below > 1) this.#follow(false);
    else if (below <= END_PX && scrollTop !== this.#lastTop) this.#follow(true);
    this.#lastTop = scrollTop;
    this.#schedule();
  }

  #schedule(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#options.scroller.clientHeight === 0) return; // Nobody sees it.
    for (let pass = 0; pass < PASSES; pass += 1) {
      if (this.#atEnd) this.#setScroll(this.#options.scroller.scrollHeight);
      const anchor = this.#anchor();
      this.#fill();
      if (!this.#measure()) break;
      this.#resize();
      if (this.#atEnd || anchor === undefined) continue;
      const top = this.#offsets.of(this.#indexOf(anchor.sequence)) + anchor.within;
      if (Math.abs(top - this.#top()) >= 1) this.#scrollTo(top);
    }
    for (const { element, index } of this.#rows.values()) {
      const place = `translateY(${this.#offsets.of(index)}px)`;
      if (element.style.transform !== place) element.style.transform = place;
    }
  }

  /** The rows of the view become elements, and others none. */
  #fill(): void {
    const { scroller, holder } = this.#options;
    const top = this.#top();
    const first = this.#offsets.at(top - AROUND_PX);
    const end = this.#offsets.at(top + scroller.clientHeight + AROUND_PX) + 1;
    const last = Math.min(end, this.#entries.length, first + ROWS_MAX);
    for (const [sequence, { element, index }] of this.#rows) {
      if (index >= first && index < last) continue;
      if (element.contains(document.activeElement)) continue;
      this.#drop(element);
      this.#rows.delete(sequence);
    }
    let next: ChildNode | null = holder.firstChild;
    while (next && (this.#rowOf.get(next)?.index ?? first) < first) next = next.nextSibling;
    for (let index = first; index < last; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      const known = this.#rows.get(entry.sequence)?.element;
      if (known !== undefined) {
        next = known.nextSibling;
        continue;
      }
      const element = this.#dress(entry, index);
      holder.insertBefore(element, next);
      const row = { element, index };
      this.#rows.set(entry.sequence, row);
      this.#rowOf.set(element, row);
      this.#sizes.observe(element);
    }
  }

  #dress(entry: ShownEntry, index: number): HTMLElement {
    const element = this.#options.make(entry);
    element.style.transform = `translateY(${this.#offsets.of(index)}px)`;
    element.tabIndex = -1;
    return element;
  }

  #drop(element: HTMLElement): void {
    this.#sizes.unobserve(element);
    element.remove();
  }

  /** Whether a height was another one than thought. */
  #measure(): boolean {
    let differs = false;
    const heights = [...this.#rows.values()].map(
      ({ element, index }) => [index, element.offsetHeight] as const,
    );
    for (const [index, height] of heights) {
      if (this.#offsets.height(index) === height) continue;
      this.#offsets.set(index, height);
      differs = true;
    }
    return differs;
  }

  /** By keys one goes from row to row, as the pattern of feeds has it. */
  #pressed(event: KeyboardEvent): void {
    const { key, target, ctrlKey, altKey, metaKey } = event;
    if (altKey || metaKey || !(target instanceof HTMLElement)) return;
    if (target.closest('pre')) return; // It scrolls by itself.
    const at = this.#rows.get(this.#current)?.element.contains(target)
      ? this.#indexOf(this.#current)
      : undefined;
    const to = this.#targetOf(key, at, ctrlKey);
    if (to === undefined) return;
    event.preventDefault();
    this.#focus(Math.max(0, Math.min(to, this.#entries.length - 1)));
  }

  #targetOf(key: string, at: number | undefined, ctrl: boolean): number | undefined {
    const end = this.#entries.length - 1;
    if (key === 'Home') return 0;
    if (key === 'End') return end;
    if (ctrl) return undefined;
    if (at === undefined) {
      if (key !== 'ArrowDown' && key !== 'ArrowUp') return undefined;
      const { scroller } = this.#options;
      return this.#atEnd ? end : this.#offsets.at(this.#top() + scroller.clientHeight / 4);
    }
    if (key === 'ArrowDown' || key === 'PageDown') return at + (key === 'PageDown' ? 10 : 1);
    if (key === 'ArrowUp' || key === 'PageUp') return at - (key === 'PageUp' ? 10 : 1);
    return undefined;
  }

  #focus(index: number): void {
    const entry = this.#entries[index];
    if (entry === undefined) return;
    if (index === this.#entries.length - 1) this.#follow(true);
    else this.#bring(index);
    this.reveal(entry.sequence);
    this.#rows.get(entry.sequence)?.element.focus({ preventScroll: true });
  }

  /** Moves the view, no further than it must; of what is higher than it, to the beginning. */
  #bring(index: number): void {
    const [from, height] = [this.#offsets.of(index), this.#offsets.height(index)];
    const [top, view] = [this.#top(), this.#options.scroller.clientHeight];
    const isAbove = from < top - 1;
    if (!isAbove && from + height <= top + view + 1) return;
    const to = isAbove ? from : from + Math.min(0, height - view);
    if (Math.abs(to - top) <= 1) return;
    this.#follow(false);
    this.#scrollTo(to);
  }
}
