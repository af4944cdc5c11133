import { nativeAdapter } from '@varve/agent/actions/native'
import { runOptions } from '@varve/agent/actions/run-options'
import { proveDevice } from '@varve/engine/disks/prove-device'
import { assertOwnHost } from '../kernel-action.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

export const proveVolume = nativeAdapter('prove-volume', {
  calls: 'open(2) of the device for reading, pread(2) to its end and BLAKE3 of each 4 MiB',

  async run(input, context) {
    assertOwnHost(context, aboutVolume(input))
    const { virtualSize, expected } = input
    const proof = { path: namesOf(input).stagedDevice, virtualSize, expected }
    const { digest, seconds } = await proveDevice(proof, runOptions(context))
    return { digest, seconds }
  },
})
