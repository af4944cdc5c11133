import type { Problem } from '../problems/problem.ts'
import type { CheckOptions, CheckReport } from './check-report.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import type { FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'
import type { ImageFile, ImagePorts } from './image-files.ts'
import type { ReadingChoices } from './reading-choices.ts'

export interface NestedOptions {
  /** Null: it is detected. */
  readonly format: FormatName | null
  readonly choices: ReadingChoices
}

interface NestedDisk extends AsyncDisposable {
  readonly disk: DiskReader
  readonly files: readonly ImageFile[]
}

interface NestedFacts {
  readonly links: readonly [{ readonly facts: ImageFacts }, ...unknown[]]
  readonly problems: readonly Problem[]
}

interface NestedCheck {
  readonly report: CheckReport
  readonly chain: readonly { readonly virtualSize: number | null }[]
}

/** How a package reads the images in it, of any format, with their chains: brought by who knows all formats. */
export interface NestedImages {
  open(path: string, ports: ImagePorts, options: NestedOptions): Promise<NestedDisk>
  inspect(path: string, ports: ImagePorts, options: NestedOptions): Promise<NestedFacts>
  check(path: string, ports: ImagePorts, options: NestedOptions & CheckOptions): Promise<NestedCheck>
}
