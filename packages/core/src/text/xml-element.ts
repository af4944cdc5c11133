/** An element of an XML document. */
export interface XmlElement {
  readonly name: string
  /** The text directly inside, without white space at its ends. */
  readonly text: string
  readonly children: readonly XmlElement[]
  /** Only when they were asked for: few formats have any that matter. */
  readonly attributes?: ReadonlyMap<string, string>
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | null {
  return element.children.find((child) => child.name === name) ?? null
}

/** All children of that name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name)
}
