export interface Button {
  readonly customId: string
  readonly label: string
  readonly emoji: string
  readonly type: 2
  readonly style: 1 | 2
}

/** Below four pictures. Source: SubmitController of trueai-org/midjourney-proxy, for the forms of the ids (read 2026-11-22). */
export function gridButtons(job: string): readonly Button[] {
  const numbers = [1, 2, 3, 4]
  return [
    ...numbers.map((index) => button(`MJ::JOB::upsample::${index}::${job}`, `U${index}`)),
    button(`MJ::JOB::reroll::0::${job}::SOLO`, '', '🔄'),
    ...numbers.map((index) => button(`MJ::JOB::variation::${index}::${job}`, `V${index}`)),
  ]
}

/** Below a single one. */
export function singleButtons(job: string): readonly Button[] {
  const named: readonly (readonly [id: string, label: string])[] = [
    ['JOB::upsample_v7_2x_subtle::1', 'Upscale (Subtle)'],
    ['JOB::upsample_v7_2x_creative::1', 'Upscale (Creative)'],
    ['JOB::low_variation::1', 'Vary (Subtle)'],
    ['JOB::high_variation::1', 'Vary (Strong)'],
    ['Inpaint::1', 'Vary (Region)'],
    ['Outpaint::50::1', 'Zoom Out 2x'],
    ['Outpaint::75::1', 'Zoom Out 1.5x'],
    ['JOB::pan_left::1', ''],
    ['JOB::pan_right::1', ''],
    ['JOB::pan_up::1', ''],
    ['JOB::pan_down::1', ''],
  ]
  return named.map(([id, label]) => button(`MJ::${id}::${job}::SOLO`, label))
}

function button(customId: string, label: string, emoji = ''): Button {
  return { customId, label, emoji, type: 2, style: 2 }
}

/** What pressing a button begins. */
export interface Pressed {
  /** Of the new task: `UPSCALE`. */
  readonly action: string
  /** 1 to 4: which picture it is about; 0: none of them. */
  readonly index: number
  /** What is to be drawn, in words that the painter understands. */
  readonly means: string
  /** Pictures that come of it. */
  readonly makes: 1 | 4
  /** Times the pixels of the picture's sides; for upscales. */
  readonly scale: number
}

export function pressed(customId: string): Pressed {
  const [, kind = '', name = '', third = '0'] = customId.split('::')
  const base = { index: Number(third), makes: 4, scale: 1 } as const
  if (name === 'upsample') return { ...base, action: 'UPSCALE', means: 'taken out', makes: 1 }
  if (name.startsWith('upsample_')) return { ...base, action: 'ACTION', means: name, makes: 1, index: 1, scale: 2 }
  if (name === 'reroll') return { ...base, action: 'REROLL', means: 'again', index: 0 }
  if (name === 'variation') return { ...base, action: 'VARIATION', means: 'varied' }
  if (kind === 'Inpaint') return { ...base, action: 'INPAINT', means: 'repainted', index: 1 }
  if (kind === 'Outpaint') return { ...base, action: 'ACTION', means: `zoomed out ${name}`, index: 1 }
  return { ...base, action: name.startsWith('pan_') ? 'PAN' : 'VARIATION', means: name, index: 1 }
}
