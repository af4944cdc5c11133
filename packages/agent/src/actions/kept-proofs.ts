import { isDiskError } from '@varve/core/problems/disk-error'
import { makeProof } from '@varve/engine/proofs/make-proof'
import { confirmProof, forgetProof, keepProof, moveProof } from '@varve/engine/proofs/proof-store'
import type { DigestOutcome } from '@varve/engine/run/requests'
import { openStaging, type StagedImage } from '@varve/engine/staging/staging'
import type { ActionPorts } from './adapter.ts'

type Ports = Pick<ActionPorts, 'roots' | 'stateFolder'>

/** Keeps what a staged image was proven to hold; it counts once the image has its name. */
export async function keepStagedProof(
  { roots, stateFolder }: Ports,
  image: StagedImage,
  found: DigestOutcome,
): Promise<void> {
  if (stateFolder === undefined) return
  const { target: path, staging, format } = image
  await quietly(async () => {
    const input = { kind: 'image', path: openStaging(image).path, roots, format } as const
    const proof = await makeProof(input, path, found)
    await keepProof({ stateFolder, path, staging }, { proof, manifest: found.manifest })
  })
}

/** The image has its name. */
export async function confirmStagedProof({ stateFolder }: Ports, image: Staged): Promise<void> {
  if (stateFolder === undefined) return
  const { target: path, staging } = image
  await quietly(async () => confirmProof({ stateFolder, path, staging }))
}

/** The image was not published. */
export async function forgetStagedProof({ stateFolder }: Ports, image: Staged): Promise<void> {
  if (stateFolder === undefined) return
  const { target: path, staging } = image
  await quietly(async () => forgetProof({ stateFolder, path, staging }))
}

type Staged = Pick<StagedImage, 'target' | 'staging'>

/** The image has another name. */
export async function moveKeptProof({ stateFolder }: Ports, from: string, to: string): Promise<void> {
  if (stateFolder === undefined) return
  await quietly(async () => moveProof({ stateFolder, path: from }, { stateFolder, path: to }))
}

/** A proof is kept besides: where it cannot be, the image is none the worse. */
async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isDiskError(error)) throw error
  }
}
