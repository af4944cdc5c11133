import { formatRules } from '@varve/core/image/format-rules'
import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { DistributionName, importDistribution } from '../actions/import-distribution.ts'
import { baseName } from '../actions/path-words.ts'
import { blocking } from '../blocking.ts'
import { isSince } from '../distributions/problems.ts'
import { dependentsProblem, machineProblems, partOfProblems, useProblems } from '../image-files-problems.ts'
import type { ImageFilesFacts } from '../image-files-facts.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'

export const ImportDistributionRequest = z.object({
  /** The VHDX. Absolute. */
  image: Path,
  name: DistributionName,
  /** Where its copy is to lie; null: the file becomes the disk of the distribution itself. */
  folder: Path.nullable(),
})
export type ImportDistributionRequest = z.infer<typeof ImportDistributionRequest>

export interface ImportDistributionFacts extends ImageFilesFacts {
  /** Whether it is the command on its own Windows: WSL registers distributions for the account that asks. */
  readonly isOwnHost: boolean
  /** Null: another system, or there is no WSL that tells its version. */
  readonly wsl: string | null
  /** Names of distributions of this account. */
  readonly names: readonly string[]
  /** Whether the folder is there and something is in it. */
  readonly isFolderUsed: boolean
  /** Types of filesystems that begin where the disk does. */
  readonly wholeDisk: readonly string[]
  /** Bytes that are free where the copy is to lie; null: not told. */
  readonly free: number | null
}

/** `varve wsl import`: a distribution of the ext4 in a VHDX. */
export const importDistributionOperation = defineOperation<
  ImportDistributionRequest,
  ImportDistributionFacts
>({
  name: 'import-distribution',
  request: ImportDistributionRequest,
  paths: ['image', 'folder'],
  plan({ name, folder }, facts) {
    const { host, path, bytes } = facts
    const problems = importProblems(facts, { name, folder })
    if (problems.some(isBlocking))
      return { kind: 'refusal', operation: 'import-distribution', problems: problems.filter(isBlocking) }
    const steps = inOrder([
      step(importDistribution, {
        id: 'import',
        host,
        input: { image: path, distribution: name, folder },
        needs: ['nobody else uses the image'],
        estimate: { bytes: folder === null ? 0 : bytes, seconds: null },
      }),
    ])
    return {
      kind: 'plan',
      operation: 'import-distribution',
      summary: `Import ${baseName(path)} as ${name}${folder === null ? ', where it lies' : ` into ${folder}`}, by WSL`,
      steps,
      warnings: problems,
      subjects: [{ host, path }],
      estimate: wholeEstimate(steps),
    }
  },
})

type Asked = Pick<ImportDistributionRequest, 'name' | 'folder'>

function importProblems(facts: ImportDistributionFacts, { name, folder }: Asked): Problem[] {
  const { path, format, wsl, isOwnHost, names, isFolderUsed, wholeDisk, bytes, free } = facts
  const refuse = (id: string, layer: 'L1' | 'L2' | 'L3' | 'L6', why: string, remedy: string) =>
    blocking(path, { id, layer, why, remedy })
  return [
    ...(isOwnHost
      ? []
      : [
          refuse(
            'not-for-agents',
            'L3',
            'WSL makes distributions for the account that asks, and an agent runs under its own',
            'Do it with varve on that host itself.',
          ),
        ]),
    ...(isSince(wsl, [1, 0])
      ? []
      : [refuse('no-wsl', 'L3', 'this host has no WSL that imports a VHDX', 'Get one: wsl --update')]),
    ...(format === 'vhdx'
      ? []
      : [
          refuse(
            'only-vhdx',
            'L2',
            `WSL imports VHDX, and this is ${format === null ? 'nothing that is known' : formatRules[format].label}`,
            'Convert it first: varve convert IMAGE NEW.vhdx',
          ),
        ]),
    ...(wholeDisk.includes('ext4')
      ? []
      : [
          refuse(
            'only-ext4',
            'L6',
            'WSL starts distributions from an ext4 over the whole disk, and there is none in it',
            'See what is in it: varve info.',
          ),
        ]),
    ...(names.some((one) => one.toLowerCase() === name.toLowerCase())
      ? [refuse('name-taken', 'L3', `there is a distribution ${quote(name)} already`, 'Say another name.')]
      : []),
    ...(folder !== null && isFolderUsed
      ? [refuse('folder-used', 'L1', `there is something in ${quote(folder)}`, 'Say a folder that is empty.')]
      : []),
    ...(folder !== null && free !== null && free < bytes
      ? [
          refuse(
            'no-space',
            'L1',
            'its copy does not fit there',
            'Say a folder with more room, or --in-place.',
          ),
        ]
      : []),
    ...partOfProblems(facts, (image) => ['varve', 'info', image]),
    ...useProblems(facts),
    ...(folder === null ? [...dependentsProblem(facts), ...machineProblems(facts), becomes(path, name)] : []),
  ]
}

function becomes(file: string, name: string): Problem {
  return {
    id: 'becomes-distribution',
    severity: 'warn',
    asks: true,
    layer: 'L3',
    file,
    message: `L3 ${quote(file)}: it becomes the disk of ${name} itself, which writes to it; nothing of before is kept, and wsl --unregister removes it`,
    remedy: 'Leave --in-place out, so that WSL copies it; or consent with --accept becomes-distribution.',
  }
}
