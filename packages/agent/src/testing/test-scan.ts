import { nodePorts } from '@varve/engine/ports/ports'
import { ImageRecord } from '@varve/protocol/images'
import { FormatChoices } from '../library/format-choices.ts'
import type { HowToRead } from '../library/inspect-messages.ts'
import { inspectRecorded } from '../library/inspect-recorded.ts'
import type { ScanMemory } from '../library/scan-memory.ts'
import { scanLibrary } from '../library/scan.ts'
import { silentLogger } from '../platform/logger.ts'
import { memoryPlatform, type MemoryPlatform } from './memory-platform.ts'

/** The scans of one library `images`, one after the other, in this thread. */
export class TestScan {
  readonly root: string
  readonly platform: MemoryPlatform = memoryPlatform()
  readonly inspected: string[] = []
  readonly formats: FormatChoices
  readonly #memory: ScanMemory = new Map()
  constructor(root: string) {
    this.root = root
    this.formats = new FormatChoices([{ name: 'images', root }])
  }

  /** Scans once; records of what is new or changed, by name. */
  async run(signal = new AbortController().signal) {
    const records = new Map<string, ImageRecord>()
    this.inspected.length = 0
    const ports = {
      inspect: async (path: string, how: HowToRead) => {
        this.inspected.push(path)
        return inspectRecorded(path, { ports: nodePorts({ roots: [this.root], io: 'sync' }), how })
      },
      files: nodePorts({ roots: [this.root] }).files,
      formats: this.formats,
      findWriters: this.platform.findWriters,
      roots: [this.root],
      log: silentLogger,
    }
    const library = { name: 'images', root: this.root }
    const outcome = await scanLibrary(library, this.#memory, ports, {
      signal,
      onRecord: async (record) => {
        records.set(record.name, ImageRecord.parse(record))
      },
    })
    const { inspected, isBehind, partFiles, inUse } = outcome
    return { records, present: [...outcome.present].sort(), inspected, isBehind, partFiles, inUse }
  }
}
