import { chunkStates } from '@varve/engine/run/requests'
import { copyFiles as copy } from '@varve/engine/moving/copy-files'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

const chunk = 4 * 1024 * 1024

export const copyFiles = nativeAdapter('copy-files', {
  calls:
    'lseek(2) for holes, pread(2) and pwrite(2) into a hidden folder, fsync(2), then pread(2) and BLAKE3 of both',
  async run({ files, staging }, { ports, signal, onProgress }) {
    for (const { from, to } of files) {
      await assertTarget(ports, from)
      await assertTarget(ports, to)
    }
    await assertNotUsed(
      files.map(({ from }) => from),
      ports,
    )
    let states = new Uint8Array(0)
    const { files: copies, ...copied } = await copy(files, {
      staging,
      signal,
      onBytes(doneBytes, totalBytes) {
        if (states.length === 0) states = new Uint8Array(Math.max(1, Math.ceil(totalBytes / chunk)))
        for (
          let at = Math.floor(doneBytes / chunk) - 1;
          at >= 0 && states[at] === chunkStates.waiting;
          at -= 1
        )
          states[at] = chunkStates.proven
        const progress = { doneBytes, totalBytes, skippedBytes: 0, states, waited: { input: 0, output: 0 } }
        onProgress({ of: 'transfer', progress })
      },
    })
    return { files: copies.map((file) => ({ ...file })), ...copied }
  },
})
