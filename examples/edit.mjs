// Changes a picture with Node and fetch. Usage: PLANTAIN_API_KEY=sk-pl-… node examples/edit.mjs room.jpg "a prompt" edited.png
import fs from 'node:fs'

const API_KEY = process.env.PLANTAIN_API_KEY
const URL = `${process.env.PLANTAIN_URL ?? 'http://127.0.0.1:7878'}/api/v1/chat/completions`

async function editImage(referencePath, prompt, model = 'google/gemini-3.1-flash-image-preview') {
  const url = `data:image/png;base64,${fs.readFileSync(referencePath).toString('base64')}`
  const content = [
    { type: 'text', text: prompt },
    { type: 'image_url', image_url: { url } },
  ]
  const response = await fetch(URL, {
    method: 'POST',
    headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], modalities: ['image', 'text'] }),
  })
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`)

  const { choices } = await response.json()
  return Buffer.from(choices[0].message.images[0].image_url.url.split(',', 2)[1], 'base64')
}

const [reference, prompt, output = 'edited.png'] = process.argv.slice(2)
fs.writeFileSync(output, await editImage(reference, prompt))
console.log(`Saved ${output}`)
