import { defineCommand } from '../grammar/command-definition.ts'

export const logoutCommand = defineCommand({
  usage: 'logout [controller]',
  group: 'fleet',
  does: 'ends what varve login has begun, here and at the controller',
  async run({ args: [url], context }) {
    const { logout } = await import('./login.ts')
    return await logout(url, context)
  },
})
