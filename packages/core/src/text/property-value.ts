/** A value of an Apple property list; dates are left as text. */
export type PropertyValue =
  string | number | boolean | Uint8Array | readonly PropertyValue[] | ReadonlyMap<string, PropertyValue>
export type PropertyDictionary = ReadonlyMap<string, PropertyValue>
