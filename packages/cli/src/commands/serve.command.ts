import { Option } from 'commander'
import type { AcceptOptions } from '../command.ts'
import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { durationOption } from '../grammar/duration.ts'
import { addAcceptOption, addReadOptions, addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import type { ServeOptions } from './serve.ts'

export const serveCommand = defineCommand<ServeOptions & ReadingOptions & AcceptOptions & ReadOptions>({
  usage: 'serve <image>',
  group: 'L3',
  does: 'serve an image, chain or snapshot as an NBD disk, read-only, until it is stopped; prints commands that open it',
  grammar: (command) =>
    addReadOptions(
      addReadingOptions(
        addAcceptOption(
          command
            .option('--socket <path>', 'a Unix socket of this user; default: one in a new folder')
            .addOption(
              new Option(
                '--port <n>',
                'a port of this host alone (127.0.0.1) instead; 0: any free one',
              ).argParser(portOf),
            )
            .option(
              '--tls-certificates <folder>',
              'over TLS 1.3, to clients with a certificate: ca-cert.pem, server-cert.pem, server-key.pem',
            )
            .option(
              '--tls-1.2',
              'with --tls-certificates: clients that know TLS 1.2 only too, such as nbd-client',
            )
            .option(
              '--listen <address>',
              'with --port and --tls-certificates: an address of this host that others reach, instead of 127.0.0.1',
            )
            .addOption(
              durationOption(
                '--expires <time>',
                'end by itself after so long, such as 30m or 2h; with --host 1h when not said',
              ),
            ),
        ),
      ),
    ),
  async run({ args: [image = ''], options, context }) {
    if (isReadByPlan(options)) {
      const { serveByPlan } = await import('./serve-by-plan.ts')
      return await serveByPlan(image, options, context)
    }
    const { serve } = await import('./serve.ts')
    return await serve(image, options, context)
  },
})

function portOf(text: string): number {
  if (/^\d{1,5}$/u.test(text) && Number(text) < 65_536) return Number(text)
  throw new UsageError(`--port takes a number from 0 to 65535, not ${JSON.stringify(text)}.`)
}
