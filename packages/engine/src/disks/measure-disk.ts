import { rulesOf } from '@varve/core/formats/writable-formats'
import type { DiskInput, DiskOutput, Measure } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { inputName, openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { dataInUnits } from '../run/survey-disk.ts'

export type MeasureOptions = Pick<DiskOutput, 'format' | 'compression' | 'subformat' | 'choices'> &
  Pick<RunOptions, 'signal'>

/** How large the disk `input` can become as an image of that format; reads no data. */
export async function measureDisk(input: DiskInput, options: MeasureOptions): Promise<Measure> {
  const { signal, format, compression, subformat, choices } = options
  const io = { io: 'async' as const, ...(signal ? { signal } : {}) }
  return orCanceled({ signal, file: inputName(input), what: 'the measurement' }, async () => {
    await using opened = await openInput(input, io)
    const { virtualSize } = opened.disk
    const writer = await rulesOf(format).writer()
    const { dataBytes, chunkBytes } = await dataInUnits(opened.disk, writer.unit, io)
    return {
      virtualSize,
      dataBytes,
      chunkBytes,
      required: writer.measure({ virtualSize, dataBytes, compression, subformat, choices }),
    }
  })
}
