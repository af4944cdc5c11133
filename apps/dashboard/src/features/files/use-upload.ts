import type { UploadTarget } from '@varve/protocol/file-streams'
import { useEffect, useRef, useState } from 'react'
import { errorToWords, type ErrorWords } from '../../data/error-to-words.ts'
import { isAnswer, useTRPCClient } from '../../data/trpc.ts'
import { UploadError, uploadFile } from '../../data/upload-file.ts'
import { forgetUpload, idOfUpload, type SameUpload } from './kept-uploads.ts'

export type UploadState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'sending'; readonly received: number; readonly waits: string | null }
  | { readonly phase: 'stopped'; readonly received: number; readonly error: ErrorWords | null }
  | { readonly phase: 'sent'; readonly id: string; readonly digest: string }

/** One upload of this page: begun, stopped, gone on with, canceled. */
export function useUpload() {
  const client = useTRPCClient()
  const [state, setState] = useState<UploadState>({ phase: 'idle' })
  const running = useRef<AbortController | null>(null)
  // A page that is left stops sending; what has arrived is kept.
  useEffect(() => () => running.current?.abort(), [])

  const targetOf = ({ host, library, name }: SameUpload, id: string): UploadTarget => ({
    host,
    library,
    name,
    id,
  })

  return {
    state,
    async start(file: File, upload: SameUpload): Promise<void> {
      const stop = new AbortController()
      running.current = stop
      const id = idOfUpload(upload)
      let received = 0
      setState({ phase: 'sending', received, waits: null })
      try {
        const digest = await uploadFile({
          file,
          origin: location.origin,
          begin: async (signal) =>
            await client.uploads.begin.mutate({ ...targetOf(upload, id), size: upload.size }, { signal }),
          isPassing: (error) => !isAnswer(error),
          signal: stop.signal,
          onProgress(progress) {
            received = progress.received
            if (!stop.signal.aborted) setState({ phase: 'sending', ...progress })
          },
        })
        setState({ phase: 'sent', id, digest })
      } catch (error) {
        setState({ phase: 'stopped', received, error: stop.signal.aborted ? null : wordsOf(error) })
      }
    },
    stop: () => running.current?.abort(),
    /** Removes what has arrived. */
    async cancel(upload: SameUpload): Promise<void> {
      running.current?.abort()
      await client.uploads.cancel.mutate(targetOf(upload, idOfUpload(upload)))
      forgetUpload(upload)
      setState({ phase: 'idle' })
    },
    /** It is a run's from now on. */
    done: (upload: SameUpload) => forgetUpload(upload),
  }
}

function wordsOf(error: unknown): ErrorWords {
  if (!(error instanceof UploadError) || error.record === null) return errorToWords(error)
  const { message, remedy, code } = error.record
  return { title: message, remedy, reference: code, isMissing: false }
}
