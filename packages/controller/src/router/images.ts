import { DiskError } from '@varve/core/problems/disk-error'
import { ChooseFormat, FormatChoice, ImagePage, ImageQuery, ImageView } from '@varve/protocol/images'
import { DigestResult } from '@varve/protocol/jobs'
import { HostName, ImageId } from '@varve/protocol/primitives'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

const ImageRef = z.object({ id: ImageId })

export const imagesRouter = router({
  list: procedure
    .input(ImageQuery)
    .output(ImagePage)
    .query(({ ctx, input }) => ctx.services.images.list(input)),
  get: procedure
    .input(ImageRef)
    .output(ImageView)
    .query(({ ctx, input }) => {
      const image = ctx.services.images.get(input.id)
      if (!image) throw new DiskError('not-in-fleet', { file: input.id, kind: 'image' })
      return image
    }),
  formats: procedure
    .input(z.object({ host: HostName }))
    .output(z.array(FormatChoice))
    .query(({ ctx, input }) => ctx.services.images.formatChoices(input.host)),
  chooseFormat: procedure
    .input(ChooseFormat)
    .mutation(({ ctx, input }) => ctx.services.images.chooseFormat(input)),
  digest: procedure
    .input(ImageRef)
    .output(DigestResult)
    .mutation(({ ctx, input, signal }) => ctx.services.images.digest(input.id, signal)),
  inspect: procedure
    .input(ImageRef)
    .output(ImageView)
    .mutation(({ ctx, input, signal }) => ctx.services.images.inspect(input.id, signal)),
})
