import { nativeAdapter } from '@varve/agent/actions/native'
import { runOptions } from '@varve/agent/actions/run-options'
import { proveDevice } from '@varve/engine/disks/prove-device'
import { assertVolumeInLibraries } from '../in-libraries.ts'
import { namesOf } from '../volume-names.ts'

export const proveVolume = nativeAdapter('prove-volume', {
  calls: 'open(2) of the device for reading, pread(2) to its end and BLAKE3 of each 4 MiB',

  async run(input, context) {
    await assertVolumeInLibraries(input, context)
    const { virtualSize, expected } = input
    const proof = { path: namesOf(input).stagedDevice, virtualSize, expected }
    const { manifest, digest, dataBytes, readBytes, seconds } = await proveDevice(proof, runOptions(context))
    context.onManifest?.(digest, manifest)
    return { digest, virtualSize, dataBytes, readBytes, seconds }
  },
})
