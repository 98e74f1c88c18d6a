// What the modules of this page make elements with. Data becomes text and values of inputs, never
// HTML and never the name of an attribute.

type Attributes = Partial<Record<Known, string | number | boolean | undefined>>;
type Known =
  | 'class'
  | 'for'
  | 'href'
  | 'id'
  | 'name'
  | 'rows'
  | 'scope'
  | 'selected'
  | 'type'
  | 'value'
  | 'autocapitalize'
  | 'autocomplete'
  | 'datetime'
  | 'inputmode'
  | 'placeholder'
  | 'spellcheck'
  | 'aria-current'
  | 'aria-describedby'
  | 'aria-label';

/** An element of the page itself. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element as E;
}

/** A new element; texts among its children stay texts. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
}

export function button(label: string, className: string, onPress: () => void): HTMLButtonElement {
  const made = make('button', { type: 'button', class: className }, label);
  made.addEventListener('click', onPress);
  return made;
}

/** Shows a text where there is one, and hides its place where there is none. */
export function tell(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === '';
}

/** Focuses what has a `data-key`; false if nothing has it. */
export function focusByKey(parent: HTMLElement, key: string): boolean {
  const keyed = [...parent.querySelectorAll<HTMLElement>('[data-key]')];
  const found = keyed.find(({ dataset }) => dataset.key === key);
  found?.focus({ preventScroll: true });
  return found !== undefined;
}

/** New children, with the focus on the one that stands for what had it. */
export function refill(parent: HTMLElement, children: Node[]): void {
  const focused = document.activeElement;
  const key =
    focused instanceof HTMLElement && parent.contains(focused) ? focused.dataset.key : undefined;
  parent.replaceChildren(...children);
  if (key !== undefined) focusByKey(parent, key);
}
