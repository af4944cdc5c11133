import { countOf } from '@varve/core/units/format-bytes'
import { DiskError } from '@varve/core/problems/disk-error'
import { checkFile } from '@varve/engine/images/check-file'
import { nativeAdapter } from '../native.ts'

/** Walks all tables of an image. */
export const checkImage = nativeAdapter('check-image', {
  calls: 'open(2) and pread(2) of the image and its parents',

  async run({ image: { path, format, reading }, name }, { ports: { roots }, signal }) {
    const choices = { ...reading, rescue: false }
    // What is hidden is this run's own.
    const inUse = name === null ? 'ask' : 'accept'
    const { report } = await checkFile(path, { roots, format, choices, signal, inUse })
    const { corruptions, leaks, remarks } = report.totals
    const [first] = report.findings.filter(({ kind }) => kind === 'corruption')
    if (corruptions > 0) {
      const more = corruptions > 1 ? ` (and ${countOf(corruptions - 1, 'more corruption')})` : ''
      const reason = `${first?.message ?? 'its tables contradict each other'}${more}`
      throw new DiskError('corrupt', { file: name ?? path, structure: 'image', reason })
    }
    return { corruptions, leaks, remarks, isComplete: report.isComplete }
  },
})
