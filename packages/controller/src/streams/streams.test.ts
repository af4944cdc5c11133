import { expect, test } from 'vitest'
import { createStreams } from './streams.ts'
import { UploadStream } from './upload-stream.ts'

test('the pieces of an upload are taken of who began it, and of nobody else', async () => {
  const asked = Promise.withResolvers<string>()
  const streams = createStreams({
    jobs: {
      async start(_host: string, request: { readonly kind: string; readonly stream?: string }) {
        asked.resolve(request.stream ?? '')
        return await new Promise<never>(() => {})
      },
    } as never,
  })
  const target = { host: 'north', library: 'images', name: 'web01.raw', id: '0a1b2c3d4e5f', size: 4096 }
  const begun = streams.begin(target, 'person/1', undefined)
  const stream = streams.ofAgent(await asked.promise)
  if (!(stream instanceof UploadStream)) throw new Error('no upload')
  void stream.next({ received: 0, error: null }).catch(() => {})
  const { upload } = await begun
  expect(streams.upload(upload, 'person/1')).toBe(stream)
  for (const other of ['person/2', 'local', '']) expect(streams.upload(upload, other)).toBeNull()
})
