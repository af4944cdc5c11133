import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { isRecognisedAs } from '../detect-format.ts'
import { factsOrProblem } from '../facts-or-problem.ts'
import type { FormatDriver } from '../format-driver.ts'
import { readVmdkMetadata } from '../vmdk/metadata.ts'
import { vmdkDriver } from '../vmdk/driver.ts'
import { checkOva } from './check.ts'
import { readOva, type OvaContents } from './package-contents.ts'

/** OVA: a tar with an OVF description; its first disk, a sparse VMDK, is read in place. */
export const ovaDriver: FormatDriver = {
  format: 'ova',
  recognises: (ends) => isRecognisedAs('ova', ends),
  inspect: (file, ports) =>
    factsOrProblem('ova', async () => {
      const contents = await readOva(file)
      const { first, disks, manifest, hasCertificate } = contents
      const disk = await vmdkDriver.inspect(first, ports)
      const { subformat, virtualSize, clusterSize, identity } = disk
      await assertAlone(contents)
      return {
        subformat,
        virtualSize,
        clusterSize,
        identity,
        details: {
          disk: disks[0].href,
          disks: disks.length,
          members: contents.members.length,
          manifest: Array.isArray(manifest) ? (manifest[0]?.algorithm ?? 'empty') : manifest,
          certificate: hasCertificate,
        },
        problems: [...disk.problems, ...remarks(file.path, contents)],
      }
    }),
  check: checkOva,
  async openLayer(file, ports) {
    const contents = await readOva(file)
    await assertAlone(contents)
    return await vmdkDriver.openLayer(contents.first, ports)
  },
}

/** A disk inside an archive may name no other files. */
async function assertAlone({ first }: OvaContents): Promise<void> {
  const { descriptor } = await readVmdkMetadata(first)
  if (descriptor.parentCid === null) return
  const feature = 'a disk over a parent'
  throw new DiskError('unsupported-feature', { file: first.path, format: 'OVA', feature })
}

function remarks(file: string, { disks, manifest }: OvaContents): Problem[] {
  const problems: Problem[] = []
  const [first, ...others] = disks
  if (others.length > 0) {
    problems.push({
      id: 'ova-several-disks',
      severity: 'warn',
      layer: 'L2',
      file,
      message: `It holds ${disks.length} disks; read is the first, ${first.href}, not ${others.map(({ href }) => href).join(', ')}.`,
      remedy: 'Unpack it with tar to reach the others.',
    })
  }
  if (manifest === 'unreadable') {
    problems.push({
      id: 'ova-manifest-unreadable',
      severity: 'warn',
      layer: 'L2',
      file,
      message: 'Its manifest cannot be understood, so nothing in it vouches for the disk.',
      remedy: 'Export the machine again if you doubt it.',
    })
  } else if (manifest !== null) {
    const algorithms = [...new Set(manifest.map(({ algorithm }) => algorithm))].join(', ')
    problems.push({
      id: 'ova-manifest-not-compared',
      severity: 'info',
      layer: 'L2',
      file,
      message: `Its manifest gives digests (${algorithms}) of ${manifest.length} files; they were not compared.`,
      remedy: 'Have varve check compare them.',
    })
  }
  return problems
}
