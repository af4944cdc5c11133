import { Button, FileInput, Modal, NativeSelect, TextInput } from '@mantine/core'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import { useMemo, useState } from 'react'
import { Meter } from '../../components/marks.tsx'
import { Notice } from '../../components/notice.tsx'
import { tellError } from '../../data/tell-error.ts'
import { useTRPCClient } from '../../data/trpc.ts'
import { PlanBody } from '../../plans/plan-body.tsx'
import planStyles from '../../plans/plan.module.css'
import { nameProblem } from '../../plans/target-formats.ts'
import { usePlanned } from '../../plans/use-planned.ts'
import { hostSubject } from '../operate/image-subject.ts'
import { libraryOptions } from '../operate/face-parts.ts'
import styles from './files.module.css'
import type { SameUpload } from './kept-uploads.ts'
import { useUpload } from './use-upload.ts'

interface UploadDialogProps {
  readonly host: HostView
  readonly onClose: () => void
  readonly onStarted: (runId: string) => void
}

/** A local file into a library: sent piece by piece, looked at, then taken by a run. */
export function UploadDialog({ host, onClose, onStarted }: UploadDialogProps) {
  return (
    <Modal opened onClose={onClose} size={720} title={`Upload a file to ${host.name}`}>
      <Form host={host} onClose={onClose} onStarted={onStarted} />
    </Modal>
  )
}

function Form({ host, onClose, onStarted }: UploadDialogProps) {
  const client = useTRPCClient()
  const upload = useUpload()
  const { state } = upload
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [library, setLibrary] = useState(hostSubject(host).library ?? '')
  const isOpen = state.phase === 'idle' || state.phase === 'stopped'
  const problem = file === null ? null : nameProblem(name)
  const same: SameUpload | null =
    file === null
      ? null
      : { host: host.name, library, name: name.trim(), size: file.size, changed: file.lastModified }
  const sent = state.phase === 'sent' ? state : null
  const request = useMemo(
    () => ({
      host: host.name,
      library,
      operation: 'upload',
      request: { target: name.trim(), id: sent?.id ?? '', size: file?.size ?? 0, digest: sent?.digest ?? '' },
    }),
    [host.name, library, name, sent, file],
  )
  const planned = usePlanned({
    operation: 'upload',
    request,
    isValid: sent !== null,
    plan: async (wish, signal) => client.runs.plan.query(wish, { signal }),
    start: async (wish, { seen, ...consent }) =>
      client.runs.start.mutate({ ...wish, ...consent, ...(seen === null ? {} : { seen }) }),
    onStarted(run) {
      if (same) upload.done(same)
      onStarted(run.id)
    },
  })
  const begin = () => {
    if (file && same && problem === null && isOpen) void upload.start(file, same)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (sent === null) begin()
        else if (planned.canStart && !planned.starting.isPending) planned.start()
      }}
    >
      <p className={planStyles.source}>
        It arrives hidden beside its place, is read back and compared with your file, and only then gets its
        name.
      </p>
      <div className={planStyles.form}>
        <FileInput
          className={planStyles.whole}
          label="File"
          data-autofocus
          placeholder="Choose a disk image of this computer"
          value={file}
          disabled={!isOpen}
          onChange={(chosen) => {
            setFile(chosen)
            if (chosen) setName(chosen.name)
          }}
        />
        <NativeSelect
          className={planStyles.half}
          label="Library"
          value={library}
          disabled={!isOpen}
          data={libraryOptions(hostSubject(host))}
          onChange={({ currentTarget }) => setLibrary(currentTarget.value)}
        />
        <TextInput
          className={planStyles.half}
          label="Name in the library"
          value={name}
          disabled={!isOpen}
          error={problem}
          spellCheck={false}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
      </div>
      {sent === null ? (
        <>
          <Sending state={state} size={file?.size ?? 0} />
          <div className={planStyles.foot}>
            <span className={planStyles.footWords} role="status">
              {wordsOf(state, file)}
            </span>
            <div className={planStyles.footButtons}>
              {state.phase !== 'idle' && same && (
                <Button
                  color="bad"
                  onClick={() => {
                    upload.cancel(same).catch(tellError)
                  }}
                >
                  Cancel and remove
                </Button>
              )}
              {state.phase === 'sending' ? (
                <Button onClick={upload.stop}>Pause</Button>
              ) : (
                <>
                  <Button onClick={onClose}>Close</Button>
                  <Button type="submit" variant="filled" disabled={file === null || problem !== null}>
                    {state.phase === 'stopped' ? 'Go on' : 'Upload'}
                  </Button>
                </>
              )}
            </div>
          </div>
        </>
      ) : (
        <PlanBody
          used={planned}
          verb="Take it into the library"
          ready="All of it has arrived. Undo puts it into quarantine."
          onClose={onClose}
        />
      )}
    </form>
  )
}

type State = ReturnType<typeof useUpload>['state']

function Sending({ state, size }: { readonly state: State; readonly size: number }) {
  if (state.phase === 'idle' || state.phase === 'sent') return null
  const { received } = state
  const share = size === 0 ? 1 : received / size
  return (
    <div className={styles.sending}>
      <Meter
        parts={[{ share, colour: 'var(--varve-L1)' }]}
        label={`${Math.floor(share * 100)} % has arrived`}
      />
      <p className={styles.words}>
        {Math.floor(share * 100)} % · {formatBytes(received)} of {formatBytes(size)}
      </p>
      {state.phase === 'sending' && state.waits !== null && <Notice>{state.waits}</Notice>}
      {state.phase === 'stopped' && state.error !== null && (
        <div role="alert" className={styles.failed}>
          <strong>{state.error.title}</strong>
          <p>{state.error.remedy}</p>
        </div>
      )}
    </div>
  )
}

function wordsOf(state: State, file: File | null): string {
  if (state.phase === 'sending') return 'It goes on where it was when the connection breaks.'
  if (state.phase === 'stopped') return 'What has arrived is kept for now: the same file goes on with it.'
  return file === null ? 'Nothing is sent before you say so.' : `${formatBytes(file.size)} will be sent.`
}
