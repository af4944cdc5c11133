import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce, removeTree } from '@varve/test-kit/build-once'
import { runToolOk } from '@varve/test-kit/tools'
import { buildInitrd } from './build-initrd.ts'
import { buildRoot, kernelOf } from './build-root.ts'
import { findKernel } from './kernel.ts'
import { labFolder, rootSize } from './recipe.ts'
import { saveState } from './save-state.ts'

/** Gives the folder of the lab, building it when it is not there; another process that builds it is waited for. */
export async function ensureLab(say: (words: string) => void): Promise<string> {
  const kernel = await findKernel()
  const folder = labFolder(`${kernel.name} ${kernel.version}`)
  return await buildOnce(folder, async (made) => await build(made, { kernel: kernel.name, say }))
}

interface BuildOptions {
  readonly kernel: string
  readonly say: (words: string) => void
}

async function build(made: string, { kernel, say }: BuildOptions): Promise<void> {
  const root = join(made, 'root')
  say('lab: Debian is installed into a folder')
  await buildRoot(root, { folder: made, kernel })
  say('lab: its disk is made')
  await copyFile(join(root, 'boot', `vmlinuz-${await kernelOf(root)}`), join(made, 'vmlinuz'))
  await buildInitrd(root, join(made, 'initrd.gz'))
  await makeDisk(root, made)
  await removeTree(root)
  say('lab: it boots once, and its state is saved')
  await saveState(made)
}

async function makeDisk(root: string, folder: string): Promise<void> {
  const raw = join(folder, 'root.raw')
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-L', 'lab', '-d', root]
  await runToolOk('mke2fs', [...options, raw, `${rootSize / 1024}k`])
  const output = join(folder, 'root.qcow2')
  await runToolOk('qemu-img', ['convert', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd', raw, output])
  await rm(raw)
}
