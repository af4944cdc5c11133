import { BeginUpload, BegunUpload, UploadTarget } from '@varve/protocol/file-streams'
import { ownerOf } from '../people/owner-of.ts'
import { procedure, router } from './trpc.ts'

export const uploadsRouter = router({
  begin: procedure
    .input(BeginUpload)
    .output(BegunUpload)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.uploads.begin(input, ownerOf(ctx.caller.identity), signal),
    ),
  cancel: procedure
    .input(UploadTarget)
    .mutation(({ ctx, input, signal }) => ctx.services.uploads.cancel(input, signal)),
})
