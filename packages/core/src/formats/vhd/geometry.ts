/** Cylinders, heads, sectors per track. */
export interface Geometry {
  readonly cylinders: number
  readonly heads: number
  readonly sectorsPerTrack: number
}

/** The geometry that a VHD of so many sectors states ("Virtual Hard Disk Image Format Specification" 1.0, Appendix: CHS Calculation). */
export function geometryOf(sectors: number): Geometry {
  const total = Math.min(sectors, 65_535 * 16 * 255)
  if (total >= 65_535 * 16 * 63)
    return { cylinders: Math.floor(total / 255 / 16), heads: 16, sectorsPerTrack: 255 }
  let sectorsPerTrack = 17
  let tracks = Math.floor(total / sectorsPerTrack)
  let heads = Math.max(4, Math.ceil(tracks / 1024))
  if (tracks >= heads * 1024 || heads > 16) {
    sectorsPerTrack = 31
    heads = 16
    tracks = Math.floor(total / sectorsPerTrack)
  }
  if (tracks >= heads * 1024) {
    sectorsPerTrack = 63
    heads = 16
    tracks = Math.floor(total / sectorsPerTrack)
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectorsPerTrack }
}
