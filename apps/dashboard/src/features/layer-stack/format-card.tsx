import { NativeSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { formatNames, formatRules } from '@varve/core/image/format-rules'
import type { ImageView } from '@varve/protocol/images'
import { notify } from '../../components/notify.ts'
import { Card } from '../../components/card.tsx'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import { toldToWords } from './told-to-words.ts'

const detected = 'auto'

/** Says the format of an image where its name or its bytes cannot; the controller remembers it. */
export function FormatCard({ image: { row, told } }: { readonly image: ImageView }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const choose = useMutation(
    api.images.chooseFormat.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries({ queryKey: api.images.get.queryKey({ id: row.id }) }),
      onError: (error) => {
        const { title, remedy } = errorToWords(error)
        void notify({ color: 'red', title, message: remedy, autoClose: 12_000 })
      },
    }),
  )
  const { host, library, name } = row
  return (
    <Card title="Format">
      <NativeSelect
        size="xs"
        label="Read this image as"
        description={toldToWords(told)}
        disabled={choose.isPending}
        value={told?.scope === 'image' ? told.format : detected}
        onChange={({ currentTarget: { value } }) => {
          const format = formatNames.find((known) => known === value) ?? null
          choose.mutate({ host, library, name, scope: 'image', format })
        }}
        data={[
          { value: detected, label: told?.scope === 'folder' ? 'as its folder says' : 'what its bytes say' },
          ...formatNames.map((format) => ({ value: format, label: formatRules[format].label })),
        ]}
      />
    </Card>
  )
}
