/** A folder of images that this agent may work in; nothing outside is touched. */
export interface Library {
  readonly name: string
  /** Absolute, with symlinks resolved. */
  readonly root: string
}
