import type { CheckOptions, CheckReport } from './check-report.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import type { FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'
import type { ImageFile, ImagePorts } from './image-files.ts'
import type { ReadingChoiceName, ReadingChoices } from './reading-choices.ts'
import type { RepairPlan } from './repair-plan.ts'
import type { NewParent, RepointPlan } from './repoint.ts'

/** Bytes at both ends of a file, enough to recognise every format. */
export interface FileEnds {
  readonly head: Uint8Array
  readonly tail: Uint8Array
  readonly size: number
}

/** One layer, opened: the parent is not asked, so `absent` means "not in this layer". */
export interface OpenLayer extends AsyncDisposable {
  readonly disk: DiskReader
  /** Every file the layer reads besides the one it was opened from, for change detection. */
  readonly parts: readonly ImageFile[]
}

/** What each `formats/<format>/driver.ts` exports; a format without one is recognised and refused. */
export interface FormatDriver {
  readonly format: FormatName
  /** Looks at both ends only; false for anything else, never throws. */
  recognises(ends: FileEnds): boolean
  /** The reading choices that it obeys; it is given all. None when not said. */
  readonly obeys?: readonly ReadingChoiceName[]
  /** Facts and problems, even for images that cannot be read; throws only when reading the file fails. */
  inspect(file: ImageFile, ports: ImagePorts, choices?: ReadingChoices): Promise<ImageFacts>
  /** Throws a coded error for what cannot be read right. Does not take over the disposal of `file`. */
  openLayer(file: ImageFile, ports: ImagePorts, choices?: ReadingChoices): Promise<OpenLayer>
  /** The file made readable as far as that goes, for a rescue only; null when there is no way. Closes nothing. */
  rescue?(file: ImageFile): Promise<ImageFile | null>
  /** Walks all tables of one file and reports what contradicts; throws only what reading the file or the signal throws. */
  check?(file: ImageFile, ports: ImagePorts, options?: CheckOptions): Promise<CheckReport>
  /** What would put the file right; throws `refused` for all that is not provably safe. Writes nothing. */
  repair?(file: ImageFile, options?: CheckOptions): Promise<RepairPlan>
  /** What gives it another parent's name, the guest's bytes untouched; throws `refused` for a parent it cannot name. Writes nothing. */
  repoint?(file: ImageFile, parent: NewParent, ports: ImagePorts): Promise<RepointPlan>
}
