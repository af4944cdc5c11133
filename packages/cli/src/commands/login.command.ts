import { defineCommand } from '../grammar/command-definition.ts'
import type { LoginOptions } from './login.ts'

export const loginCommand = defineCommand<LoginOptions>({
  usage: 'login [controller]',
  group: 'fleet',
  does: 'lets the command act as you at a controller: you approve it in a browser',
  grammar: (command) =>
    command.option(
      '--pin <fingerprint>',
      'believe only the controller with this key, as varve agents shows it on its machine',
    ),
  async run({ args: [url], options, context }) {
    const { login } = await import('./login.ts')
    return await login(url, options, context)
  },
})
