import { existsSync } from 'node:fs'
import { loadCommand } from '../../tools/modprobe/commands.ts'
import { kernelAction, notThere } from '../kernel-action.ts'

const shownAt = { loop: '/sys/block/loop0', nbd: '/sys/block/nbd0' } as const

export const loadModule = kernelAction('load-module', {
  tool: 'modprobe',
  build: ({ module }) => loadCommand(module),
  about: ({ module }) => module,
  // It harms nobody, and is one of two.
  isOfLibraries: async () => Promise.resolve(true),
  async after({ module }) {
    if (!existsSync(shownAt[module])) throw notThere('modprobe', module)
    return Promise.resolve({ module })
  },
})
