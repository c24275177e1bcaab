/** Elements, made and found. What a model or a user wrote is put into a page as text, never as markup. */

/** An element with its class and what is in it. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { className = "", ...properties }: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

/** The element of the page with this id. @throws Error where the page has none of that kind. */
export function find<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} #${id}.`);
}

/** A picture's element, with its attributes. */
export function makeSvg(name: string, attributes: Readonly<Record<string, string | number>>, text = ""): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}
